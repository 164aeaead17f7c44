// What systemd-networkd says of the network. It knows whether packets can be sent away, and not what
// becomes of them: a portal that asks for a login looks to it like the whole of the internet.

import type { Value } from '../../conditions/reading.js';
import { unknownValue } from './measurement.js';

const reach: ReadonlyMap<unknown, string> = new Map([
  ...['off', 'no-carrier', 'dormant'].map((state) => [state, 'none'] as const),
  ...['carrier', 'degraded-carrier', 'degraded'].map((state) => [state, 'limited'] as const),
]);

/**
 * @param state `OperationalState` of the manager: that of its best link, be it the bridge of virtual
 *   machines, which is routable with the cable pulled.
 * @param online `OnlineState`: of those links that it was told to bring up. Since systemd 249.
 */
export function reachValue(state: unknown, online: unknown): Value {
  const word = state === 'routable' && online === 'online' ? 'full' : reach.get(state);
  if (word !== undefined) return { kind: 'word', word };
  return unknownValue(
    state === 'routable'
      ? 'systemd-networkd does not say whether the link that can be routed over leads out'
      : 'systemd-networkd does not say how far the network reaches',
  );
}
