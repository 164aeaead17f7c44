// The API of a machine by itself: the services that a fleet's orchestrators serve, about one machine.

import type { Server } from '@grpc/grpc-js';
import { FleetServiceService } from '../../proto/gen/lull/operator/v1/fleet.js';
import { OperatorServiceService } from '../../proto/gen/lull/operator/v1/operator.js';
import { RegistryServiceService } from '../../proto/gen/lull/registry/v1/registry.js';
import type { Log } from '../../runtime/log.js';
import type { Bundles } from '../registry/bundles.fs.js';
import { registryHandlers } from '../registry/registry.grpc.js';
import { onlyAbout } from './about.grpc.js';
import { JOURNAL_FULL } from '../world/entry-log.loop.js';
import type { OperatorDeps } from './deps.grpc.js';
import { fleetHandlers } from './fleet.grpc.js';
import { hostToWire } from './host.wire.js';
import { operatorHandlers } from './operator.grpc.js';
import { ownGroups } from './own-groups.js';

export interface OwnApiDeps extends OperatorDeps {
  readonly bundles: Bundles;
  readonly log: Log;
}

export function registerOwnApi(server: Server, deps: OwnApiDeps): void {
  const { ledger, policy, bundles, clock, log, wake, callerOf, hostView } = deps;
  const ownId = (): string => hostView().id;
  server.addService(OperatorServiceService, onlyAbout(ownId, operatorHandlers(deps)));
  server.addService(
    FleetServiceService,
    fleetHandlers({
      ...{ ledger, policy, clock, wake, callerOf },
      groups: ownGroups(ledger.world, policy),
      problem: () => undefined, // It leads nobody but this machine, and asks nobody.
      notice: () => (ledger.isFull ? JOURNAL_FULL : undefined),
      listHosts: () => {
        const hosts = [hostToWire(ownId(), '', deps)];
        return Promise.resolve({ hosts, nextPageToken: '', unserved: [] });
      },
    }),
  );
  server.addService(
    RegistryServiceService,
    registryHandlers({ ledger, policy, bundles, clock, log, wake, callerOf }),
  );
}
