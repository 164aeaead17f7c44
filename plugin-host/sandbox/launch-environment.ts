// What an updater finds in its environment, as its contract says: the whole of it (T2).

import { inside } from './sandbox.js';

export function launchEnvironment({
  token,
  hasEgress,
  traceparent,
}: {
  readonly token: string;
  /** Whether a proxy is served for it. */
  readonly hasEgress: boolean;
  /** W3C trace context, where tracing is on. */
  readonly traceparent?: string | undefined;
}): ReadonlyMap<string, string> {
  const env = new Map([
    ['LULL_SOCKET', `${inside.channel}/updater.sock`],
    ['LULL_HOST_SOCKET', `${inside.host}/host.sock`],
    ['LULL_TOKEN', token],
    ['LULL_WORK', inside.work],
    ['LULL_ROOTS', inside.roots],
    ['LULL_PROTOCOLS', '1'],
    ['LANG', 'C.UTF-8'],
    // What lies in HOME has survived, and nobody has hashed it: Python would run it before the bundle (T2).
    ['PYTHONNOUSERSITE', '1'],
  ]);
  if (hasEgress) env.set('LULL_EGRESS_SOCKET', `${inside.host}/egress.sock`);
  if (traceparent !== undefined) env.set('TRACEPARENT', traceparent);
  return env;
}
