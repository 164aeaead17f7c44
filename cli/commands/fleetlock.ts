// Serves the groups of a fleet by FleetLock, until it is stopped.

import { startFleetLock } from '../../orchestrator/fleetlock/main.js';
import { systemClock } from '../../runtime/clock.js';
import { whenAborted } from '../../runtime/deadline.js';
import { createLog, type LogLevel } from '../../runtime/log.js';
import { CloseStack } from '../../runtime/shutdown.js';
import { hostAndPort } from '../paths.js';
import { openPolicyFile } from '../policy-file.fs.js';
import { connectFleet } from './fleet-place.js';
import { copiesFrom } from './journal-place.js';
import { natsPlace } from './nats-place.js';

export interface FleetLockFlags {
  readonly nats: string;
  readonly natsCreds?: string;
  readonly listen: string;
  readonly policy?: string;
  readonly journalCopies: string;
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
    const { groups } = policy.current();
    if (groups.length === 0) log.warn('the policy names no groups: nobody gets a place');
    const settings = {
      ...hostAndPort('--listen', flags.listen),
      tlsDir,
      policy: policy.current,
      replicaCount: copiesFrom(flags.journalCopies),
    };
    const place = natsPlace(flags.nats, flags, process.env);
    const nats = await connectFleet({ ...place, name: 'fleetlock' }, place, log, signal);
    if (nats === undefined) return;
    opened.add('NATS', nats);
    const serving = await startFleetLock({ ...settings, nats }, { clock: systemClock, log });
    opened.add('FleetLock', serving);
    process.stdout.write(`FleetLock is served on port ${String(serving.port)}\n`);
    await whenAborted(signal);
  } finally {
    await opened.close();
  }
}
