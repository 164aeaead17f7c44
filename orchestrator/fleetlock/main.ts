// FleetLock beside a fleet: a program of its own with a connection of its own, and no state.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import type { Clock } from '../../runtime/clock.js';
import { pause } from '../../runtime/deadline.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import { CloseStack, type Closeable } from '../../runtime/shutdown.js';
import { openGroupLock, SETTLE_MS } from '../groups/group-lock.kv.js';
import type { Policy } from '../policy/policy.js';
import { serveFleetLock } from './serve.http.js';

export interface FleetLockSettings {
  readonly nats: Nats;
  readonly host: string;
  readonly port: number;
  /** With cert.pem and key.pem; absent: plain HTTP. */
  readonly tlsDir: string | undefined;
  readonly policy: () => Policy;
  readonly replicaCount: number;
}

export async function startFleetLock(
  settings: FleetLockSettings,
  { clock, log }: { clock: Clock; log: Log },
): Promise<Closeable & { readonly port: number }> {
  const { host, port, tlsDir, policy, replicaCount } = settings;
  const opened = new CloseStack(log);
  try {
    const { connection } = settings.nats;
    // Whoever invents a group gets no place in it, and so writes nothing.
    const placesOf = (group: string): number =>
      policy().groups.find(({ name }) => name === group)?.atOnceMax ?? 0;
    const lock = opened.add(
      'groups',
      await openGroupLock({
        js: jetstream(connection),
        ...{ clock, log, pause, random: Math.random, placesOf, replicaCount },
        settleMs: SETTLE_MS,
      }),
    );
    const file = (dir: string, name: string): Buffer => readFileSync(join(dir, name));
    const tls =
      tlsDir === undefined
        ? {}
        : { tls: { cert: file(tlsDir, 'cert.pem'), key: file(tlsDir, 'key.pem') } };
    const server = opened.add('FleetLock', await serveFleetLock({ host, port, ...tls, lock, log }));
    return { port: server.port, close: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
