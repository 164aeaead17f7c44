import { closed, open, unknown, type GateResult } from './gate.js';
import { valueOf, type Readings } from './reading.js';
import { witness } from './witness.js';
import { formatBytes } from './words.js';

/** More than this is taken for bulk where it is not known whether the network is metered (ours). */
export const BULK_BYTES = 50_000_000;
/** What a look for updates may use on a metered network (ours). */
export const METERED_BYTES_MAX = 1_000_000;

/** What would go over the network. */
export interface ToBeSent {
  /** Infinity where the size is not known. */
  readonly bytes: number;
  /** So much is no matter. */
  readonly bytesMax?: number;
  /** Nor is so much where nobody knows whether the network is metered. */
  readonly unknownBytesMax?: number;
}

/** Open when it may be sent over this network without somebody paying for more than is no matter. */
export function judgeUnmetered(
  { bytes, bytesMax = METERED_BYTES_MAX, unknownBytesMax = BULK_BYTES }: ToBeSent,
  readings: Readings,
): GateResult {
  const tethered = valueOf(readings, 'network.tethered');
  const metered = valueOf(readings, 'network.metered');
  if (bytes <= bytesMax) return open;
  const sent = { unit: 'B', ...(Number.isFinite(bytes) ? { measured: bytes } : {}) } as const;
  const paid = { limit: bytesMax, ...sent };
  if (tethered.kind === 'flag' && tethered.flag) {
    const message = `a phone shares its network; ${amount(bytes, bytesMax)}`;
    const seen = witness(readings, 'network.tethered');
    return closed({ code: 'METERED', message, ...paid, ...seen });
  }
  const seen = witness(readings, 'network.metered');
  if (metered.kind === 'word') {
    if (metered.word === 'no' || metered.word === 'guess-no') return open;
    const guessed = metered.word === 'yes' ? 'is' : 'seems to be';
    const message = `the network ${guessed} metered; ${amount(bytes, bytesMax)}`;
    return closed({ code: 'METERED', message, ...paid, ...seen });
  }
  if (bytes <= unknownBytesMax) return open;
  const why = metered.kind === 'unknown' ? metered.why : `it is a ${metered.kind}`;
  const message = `whether the network is metered is not known (${why}); ${amount(bytes, unknownBytesMax)}`;
  return unknown({ code: 'METERED_UNKNOWN', message, ...sent, limit: unknownBytesMax, ...seen });
}

/** Open unless it is known that there is no way out. Not knowing costs one attempt that fails. */
export function judgeConnected(readings: Readings): GateResult {
  const value = valueOf(readings, 'network.connectivity');
  if (value.kind !== 'word' || value.word === 'full') return open;
  const message =
    value.word === 'portal'
      ? 'the network asks for a login first'
      : `the network's connectivity is ${value.word}`;
  const seen = witness(readings, 'network.connectivity');
  return closed({ code: 'OFFLINE', message, measured: value.word, limit: 'full', ...seen });
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
    ...{ about: 'network.others', measured: value.number, limit: bytesPerS, unit: 'B/s' },
  });
}

function amount(bytes: number, bytesMax: number): string {
  const size = Number.isFinite(bytes)
    ? `${formatBytes(bytes)} would be sent over it`
    : 'size unknown';
  return `${size}, the limit is ${formatBytes(bytesMax)}`;
}
