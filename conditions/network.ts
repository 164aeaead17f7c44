import { closed, open, type GateResult } from './gate.js';
import { valueOf, type Readings } from './reading.js';
import { formatBytes } from './words.js';

/** More than this is taken for bulk where it is not known whether the network is metered (ours). */
export const BULK_BYTES = 50_000_000;
/** What a look for updates may use on a metered network (ours). */
export const METERED_BYTES_MAX = 1_000_000;

/** Open when `bytes` may be sent over this network without somebody paying for them. */
export function judgeUnmetered(bytes: number, readings: Readings): GateResult {
  const tethered = valueOf(readings, 'network.tethered');
  const metered = valueOf(readings, 'network.metered');
  if (bytes <= METERED_BYTES_MAX) return open;
  if (tethered.kind === 'flag' && tethered.flag) {
    return closed({ code: 'METERED', message: `a phone shares its network; ${amount(bytes)}` });
  }
  if (metered.kind === 'word') {
    if (metered.word === 'no' || metered.word === 'guess-no') return open;
    const guessed = metered.word === 'yes' ? 'is' : 'seems to be';
    return closed({ code: 'METERED', message: `the network ${guessed} metered; ${amount(bytes)}` });
  }
  if (bytes <= BULK_BYTES) return open;
  const message = `whether the network is metered is not known; ${amount(bytes)}`;
  return { kind: 'unknown', reason: { code: 'METERED_UNKNOWN', message } };
}

/** Open unless it is known that there is no way out. Not knowing costs one attempt that fails. */
export function judgeConnected(readings: Readings): GateResult {
  const value = valueOf(readings, 'network.connectivity');
  if (value.kind !== 'word' || value.word === 'full') return open;
  const message =
    value.word === 'portal'
      ? 'the network asks for a login first'
      : `the network's connectivity is ${value.word}`;
  return closed({ code: 'OFFLINE', message });
}

/**
 * Open while others receive and send less than `bytesPerS`. What Lull itself fetches is in the reading too, so
 * this is for starting: it means nothing while a run of ours is on.
 */
export function judgeNetworkQuiet(bytesPerS: number, readings: Readings): GateResult {
  const value = valueOf(readings, 'network.others');
  if (value.kind !== 'number' || !(value.number >= bytesPerS)) return open;
  return closed({
    code: 'NETWORK_BUSY',
    message: `others receive or send ${formatBytes(value.number)}/s, the limit is ${formatBytes(bytesPerS)}/s`,
  });
}

function amount(bytes: number): string {
  return Number.isFinite(bytes) ? `${formatBytes(bytes)} would be sent over it` : 'size unknown';
}
