// Serves the groups of a fleet by FleetLock, until it is stopped.

import { once } from 'node:events';
import { startFleetLock } from '../../orchestrator/fleetlock/main.js';
import { systemClock } from '../../runtime/clock.js';
import { createLog, type LogLevel } from '../../runtime/log.js';
import { CloseStack } from '../../runtime/shutdown.js';
import { hostAndPort } from '../paths.js';
import { openPolicyFile } from '../policy-file.fs.js';
import { natsPlace } from './nats-place.js';

export interface FleetLockFlags {
  readonly nats: string;
  readonly natsCreds?: string;
  readonly listen: string;
  readonly policy?: string;
  readonly logLevel: LogLevel;
}

/** @param tlsDir its certificate, and whose it takes; undefined: without TLS. */
export async function serveFleetLock(
  flags: FleetLockFlags,
  tlsDir: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const log = createLog('lull', flags.logLevel);
  const opened = new CloseStack(log);
  try {
    const policy = openPolicyFile(flags.policy, { clock: systemClock, log });
    opened.add('policy file', policy);
    const settings = {
      nats: natsPlace(flags.nats, flags, process.env),
      ...hostAndPort('--listen', flags.listen),
      tlsDir,
      policy: policy.current,
      replicaCount: 1,
    };
    const serving = await startFleetLock(settings, { clock: systemClock, log });
    opened.add('FleetLock', serving);
    process.stdout.write(`FleetLock is served on port ${String(serving.port)}\n`);
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    await opened.close();
  }
}
