// lull fleetlock: the groups of a fleet for update agents that speak FleetLock.

import { Option, type Command } from 'commander';
import type { FleetLockFlags } from '../commands/fleetlock.js';
import { stopSignal } from '../stop-signal.js';
import type { Here } from './here.js';

export function addFleetLock(program: Command, here: Here): void {
  program
    .command('fleetlock')
    .description('share the groups of a fleet with agents that speak FleetLock, such as Zincati')
    .addOption(
      new Option(
        '--nats <url>',
        "the fleet's server: nats://host:port or tls://, several with commas",
      )
        .env('LULL_NATS')
        .makeOptionMandatory(),
    )
    .option('--nats-creds <file>', 'its credentials, see "lull keys" (LULL_NATS_CREDS)')
    .option('--listen <host:port>', 'with TLS where --tls-dir is given', '127.0.0.1:3333')
    .option('--journal-copies <count>', 'as the orchestrators have it: copies of what is made', '1')
    .option('--policy <file>', 'policy file (YAML): how many of its groups may at once')
    .addOption(
      new Option('--log-level <level>', 'what is logged: this and what is worse')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .action(async (flags: FleetLockFlags) => {
      const { serveFleetLock } = await import('../commands/fleetlock.js');
      await serveFleetLock(flags, here.tlsDir(), stopSignal());
    });
}
