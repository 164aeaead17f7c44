// A machine of a fleet: one connection, over which it says what it is like and what runs, and is told.

import type { Subscription } from '@nats-io/transport-node';
import type { Wanted } from '../../proto/gen/lull/link/v1/link.js';
import { FROM_ORCHESTRATOR, subjects } from '../../proto/subjects.js';
import type { Clock } from '../../runtime/clock.js';
import type { Nats } from '../../runtime/nats.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { Guard } from '../guard/guard.loop.js';
import type { GuardedRestart } from '../power/guarded-restart.loop.js';
import type { HostedRuns } from '../runs/hosted-runs.loop.js';
import type { LinkCarrier } from './carrier.wire.js';
import { natsCarrier } from './link.nats.js';
import { publishState } from './state.nats.js';

export interface FleetLink extends Closeable {
  readonly carrier: LinkCarrier;
  readonly want: (wanted: Wanted) => void;
  /**
   * Obeys a halt of the whole fleet: what runs is paused, and goes on when its orchestrator says so; a restart
   * of the machine is taken back.
   */
  serve(runs: Pick<HostedRuns, 'pauseAll'>, restart: Pick<GuardedRestart, 'takeBack'>): void;
}

export function openFleetLink(deps: {
  readonly nats: Nats;
  readonly machine: Pick<Guard, 'readings' | 'onReadings' | 'want'>;
  readonly hostId: string;
  readonly instanceId: string;
  readonly clock: Clock;
}): FleetLink {
  const random = Math.random;
  const state = publishState({ ...deps, random });
  let halts: Subscription | undefined;
  return {
    carrier: natsCarrier({ ...deps, random }),
    want: (wanted) => {
      state.want(wanted);
    },
    serve: (runs, restart) => {
      halts = deps.nats.connection.subscribe(subjects.halt, {
        callback: (error, { headers }) => {
          const isTheirs = headers?.has(FROM_ORCHESTRATOR) === true;
          if (error !== null || !isTheirs) return;
          runs.pauseAll(['TRIPPED']);
          restart.takeBack([{ code: 'TRIPPED' }]);
        },
      });
    },
    close: () => {
      halts?.unsubscribe();
      return state.close();
    },
  };
}
