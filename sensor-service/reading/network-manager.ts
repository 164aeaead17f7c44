// What NetworkManager says of the network, from its enumerations to the words of our signals.

import type { Value } from '../../conditions/reading.js';
import { flagValue, unknownValue } from './measurement.js';
import { isPhone, PHONE_OR_DOCK } from './network.js';

const metered: readonly (string | undefined)[] = [undefined, 'yes', 'no', 'guess-yes', 'guess-no'];
const connectivity: readonly (string | undefined)[] = [
  ...[undefined, 'none', 'portal', 'limited', 'full'],
];

/** NMMetered. */
export function meteredValue(code: unknown): Value {
  return word(
    metered,
    code,
    'whether the network is metered; tell it with `nmcli connection modify NAME connection.metered no`, or yes',
  );
}

/** NMConnectivityState. */
export function connectivityValue(code: unknown): Value {
  return word(
    connectivity,
    code,
    'how far the network reaches; name a server that it may ask under [connectivity] in its settings',
  );
}

/** Connections that are a device of their own kind. What goes over another one is not told by its type. */
const neverShared: ReadonlySet<string> = new Set(['802-11-wireless', 'gsm', 'cdma', 'infiniband']);

/**
 * Whether a phone shares its network. A phone's Wi-Fi shows itself as metered by guess instead: it
 * sends a mark that NetworkManager reads.
 * @param driver of the device of the primary connection; undefined while it is not read.
 */
export function tetheredValue(connectionType: unknown, driver: unknown): Value {
  if (connectionType === 'bluetooth') return flagValue(true);
  if (typeof connectionType !== 'string') {
    return unknownValue('NetworkManager does not say what the network goes over');
  }
  if (connectionType === '') return unknownValue('there is no connection');
  if (neverShared.has(connectionType)) return flagValue(false);
  if (connectionType !== '802-3-ethernet') {
    return unknownValue(
      'NetworkManager does not say which device the network goes over in the end',
    );
  }
  if (typeof driver !== 'string') return unknownValue('the device has not been read yet');
  const isShared = isPhone(driver);
  return isShared === undefined ? unknownValue(PHONE_OR_DOCK) : flagValue(isShared);
}

function word(words: readonly (string | undefined)[], code: unknown, what: string): Value {
  const found = typeof code === 'number' ? words[code] : undefined;
  if (found !== undefined) return { kind: 'word', word: found };
  return unknownValue(`NetworkManager does not know ${what}`);
}
