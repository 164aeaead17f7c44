// lull fleetlock: the groups of a fleet for update agents that speak FleetLock.

import { once } from 'node:events';
import { Option, type Command } from 'commander';
import { systemClock } from '../../runtime/clock.js';
import { createLog, type LogLevel } from '../../runtime/log.js';
import { CloseStack } from '../../runtime/shutdown.js';
import { natsPlace } from '../commands/nats-place.js';
import { hostAndPort } from '../paths.js';
import { openPolicyFile } from '../policy-file.fs.js';
import { stopSignal } from '../stop-signal.js';
import type { Here } from './here.js';

interface Flags {
  readonly nats: string;
  readonly natsCreds?: string;
  readonly listen: string;
  readonly policy?: string;
  readonly logLevel: LogLevel;
}

export function addFleetLock(program: Command, here: Here): void {
  program
    .command('fleetlock')
    .description('share the groups of a fleet with agents that speak FleetLock, such as Zincati')
    .addOption(
      new Option('--nats <url>', "the fleet's server: nats://host:port, or tls://")
        .env('LULL_NATS')
        .makeOptionMandatory(),
    )
    .option('--nats-creds <file>', 'credentials of an orchestrator (LULL_NATS_CREDS)')
    .option('--listen <host:port>', 'with TLS where --tls-dir is given', '127.0.0.1:3333')
    .option('--policy <file>', 'policy file (YAML): how many of its groups may at once')
    .addOption(
      new Option('--log-level <level>').choices(['debug', 'info', 'warn', 'error']).default('info'),
    )
    .action(async (flags: Flags) => {
      const log = createLog('lull', flags.logLevel);
      const signal = stopSignal();
      const opened = new CloseStack(log);
      try {
        const policy = openPolicyFile(flags.policy, { clock: systemClock, log });
        opened.add('policy file', policy);
        const { startFleetLock } = await import('../../orchestrator/fleetlock/main.js');
        const settings = {
          nats: natsPlace(flags.nats, flags, process.env),
          ...hostAndPort('--listen', flags.listen),
          tlsDir: here.tlsDir(),
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
    });
}
