// A machine of the fleet for the wire.

import type { FleetHost } from '../../proto/gen/lull/operator/v1/fleet.js';
import { valueOf } from '../../conditions/reading.js';
import type { OperatorDeps } from './deps.grpc.js';
import { holdsSlot } from '../runs/run.js';

export function hostToWire(id: string, partition: string, deps: OperatorDeps): FleetHost {
  const view = deps.hostView();
  const presence = valueOf(view.readings, 'presence');
  return {
    id,
    partition,
    attached: view.attached,
    confinement: view.level ?? '',
    presence: presence.kind === 'presence' ? presence.presence.kind : 'unknown',
    running: [...deps.ledger.world.runs.values()].filter(holdsSlot).length,
    waiting: deps.planNow().waiting.length,
  };
}
