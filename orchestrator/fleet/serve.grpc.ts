// What every orchestrator of a fleet serves: what is about one machine goes to whoever leads its partition.

import type { Server } from '@grpc/grpc-js';
import type { JetStreamClient } from '@nats-io/jetstream';
import { FleetServiceService } from '../../proto/gen/lull/operator/v1/fleet.js';
import { OperatorServiceService } from '../../proto/gen/lull/operator/v1/operator.js';
import { RegistryServiceService } from '../../proto/gen/lull/registry/v1/registry.js';
import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import { fleetHandlers, type FleetDeps } from '../api/fleet.grpc.js';
import { operatorHandlers } from '../api/operator.grpc.js';
import { createProgressFeed } from '../api/watch.grpc.js';
import type { Checkpoints } from '../journal/checkpoints.fs.js';
import type { PolicySource } from '../policy/policy.js';
import type { FleetBundles } from '../registry/bundles.nats.js';
import { registryHandlers } from '../registry/registry.grpc.js';
import type { CallerOf } from '../trust/caller.grpc.js';
import { listHosts, routed } from './api.grpc.js';
import type { FleetLedger } from './fleet-ledger.nats.js';
import { nobody } from './nobody.js';

export function fleetApi(deps: {
  readonly version: string;
  readonly nats: Nats;
  readonly js: JetStreamClient;
  readonly ledger: FleetLedger;
  readonly checkpoints: Checkpoints;
  readonly policy: PolicySource;
  readonly bundles: FleetBundles;
  readonly groups: FleetDeps['groups'];
  readonly problem: FleetDeps['problem'];
  readonly notice: () => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}): (callerOf: CallerOf) => (server: Server) => void {
  const { version, nats, js, ledger, checkpoints, bundles, groups, problem, notice, clock, log } =
    deps;
  const policy = deps.policy.current;
  const wake = (): void => undefined; // Whoever follows the fleet's journal wakes its machines.
  const progress = createProgressFeed();
  return (callerOf) => (server) => {
    const forAll = operatorHandlers({
      ...{ version, clock, policy, ledger, checkpoints, wake, callerOf, ...nobody, progress },
    });
    server.addService(OperatorServiceService, routed({ nats, js, log, callerOf }, forAll));
    server.addService(
      FleetServiceService,
      fleetHandlers({
        ...{ ledger, policy, clock, wake, callerOf, groups, problem, notice },
        listHosts: (request) => listHosts(nats, request),
      }),
    );
    server.addService(
      RegistryServiceService,
      registryHandlers({ ledger, policy, bundles, clock, log, wake, callerOf }),
    );
  };
}
