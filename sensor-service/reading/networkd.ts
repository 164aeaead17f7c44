// What systemd-networkd says of the network. It knows whether packets can be sent away, and not what
// becomes of them: a portal that asks for a login looks to it like the whole of the internet.

import type { Value } from '../../conditions/reading.js';
import { unknownValue } from './measurement.js';

const reach: ReadonlyMap<unknown, string> = new Map([
  ...['off', 'no-carrier', 'dormant'].map((state) => [state, 'none'] as const),
  ...['carrier', 'degraded-carrier', 'degraded'].map((state) => [state, 'limited'] as const),
  ['routable', 'full'],
]);

/** `OperationalState` of the manager: that of its best link. */
export function reachValue(state: unknown): Value {
  const word = reach.get(state);
  if (word !== undefined) return { kind: 'word', word };
  return unknownValue('systemd-networkd does not say how far the network reaches');
}
