// The operator's API on a real socket, over a real ledger, and beside it what vendors call.

import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { join } from 'node:path';
import { FleetServiceService } from '../../proto/gen/lull/operator/v1/fleet.js';
import {
  OperatorServiceClient,
  OperatorServiceService,
} from '../../proto/gen/lull/operator/v1/operator.js';
import { RegistryServiceService } from '../../proto/gen/lull/registry/v1/registry.js';
import { dialUnix, serveUnix } from '../../runtime/grpc.js';
import { createLog } from '../../runtime/log.js';
import type { Readings } from '../../conditions/reading.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { checkpointsIn } from '../journal/checkpoints.fs.js';
import type { Fact } from '../journal/fact.js';
import type { HostConnection } from '../link/host-session.loop.js';
import { openBundles } from '../registry/bundles.fs.js';
import { registryHandlers } from '../registry/registry.grpc.js';
import { byOwnership } from '../trust/caller.grpc.js';
import { decide } from '../scheduler/decide.js';
import type { HostView } from '../scheduler/host-view.js';
import { NOW_MS, quietReadings, trustingPolicy } from '../world/history.testing.js';
import { openLedgerUnderTest, type LedgerUnderTest } from '../world/ledger.testing.js';
import { onlyAbout } from './about.grpc.js';
import type { OperatorDeps } from './deps.grpc.js';
import { fleetHandlers } from './fleet.grpc.js';
import { operatorHandlers } from './operator.grpc.js';
import { ownGroups } from './own-groups.js';
import { createProgressFeed, type ProgressFeed } from './watch.grpc.js';

export interface OperatorUnderTest extends Closeable {
  readonly rig: LedgerUnderTest;
  readonly deps: OperatorDeps;
  readonly client: OperatorServiceClient;
  readonly progress: ProgressFeed;
  readonly clock: VirtualClock;
  /** Resolves when the facts are durable. */
  append(...facts: Fact[]): Promise<void>;
  readonly wakeCount: () => number;
  readonly machine: { readings: Readings; attached: boolean };
  /** What keeps it from leading. */
  readonly standing: { problem: string | undefined; notice: string | undefined };
  close(): Promise<void>;
}

const connection: HostConnection = {
  hostId: 'host-1',
  instanceId: 'i',
  bootId: undefined,
  confinement: {
    ...{ level: 'confined', runtime: 'runc version 1', cgroups: 'v2' },
    trials: [{ name: 'write /etc', result: 'denied' }],
  },
  held: new Map(),
  diskPath: '/',
  send: () => undefined,
};

export async function openOperator(): Promise<OperatorUnderTest> {
  const clock = new VirtualClock(NOW_MS);
  const rig = await openLedgerUnderTest(clock);
  const machine = { readings: quietReadings(), attached: true };
  const hostView = (): HostView => ({
    id: 'host-1',
    ...machine,
    level: 'confined',
    diskPath: '/',
    servedSinceMs: NOW_MS - 3_600_000,
  });
  const progress = createProgressFeed();
  let wakes = 0;
  const deps: OperatorDeps = {
    version: '1.2.3',
    clock,
    policy: () => trustingPolicy,
    ledger: rig.ledger,
    planNow: () => decide(rig.ledger.world, hostView(), trustingPolicy, clock.now().wallMs),
    hostView,
    host: () => (machine.attached ? connection : undefined),
    checkpoints: checkpointsIn(rig.directory),
    progress,
    wake: () => (wakes += 1),
    callerOf: byOwnership,
  };
  const handlers = onlyAbout(() => hostView().id, operatorHandlers(deps));
  const standing: OperatorUnderTest['standing'] = { problem: undefined, notice: undefined };
  const fleet = fleetHandlers({
    ...deps,
    groups: ownGroups(rig.ledger.world, deps.policy),
    problem: () => standing.problem,
    notice: () => standing.notice,
    listHosts: () => Promise.resolve({ hosts: [], nextPageToken: '', unserved: [] }),
  });
  const log = createLog('test', 'silent');
  const bundles = openBundles(join(rig.directory, 'bundles'));
  const registry = registryHandlers({ ...deps, bundles, log });
  const listener = await serveUnix({
    path: join(rig.directory, 'operator.sock'),
    mode: 0o600,
    register: (server) => {
      server.addService(OperatorServiceService, handlers);
      server.addService(FleetServiceService, fleet);
      server.addService(RegistryServiceService, registry);
    },
  });
  const client = dialUnix(OperatorServiceClient, listener.path);
  return {
    rig,
    deps,
    client,
    progress,
    clock,
    append: (...facts) => rig.ledger.append(facts),
    wakeCount: () => wakes,
    machine,
    standing,
    close: async () => {
      client.close();
      await listener.close();
      await rig.close();
    },
  };
}
