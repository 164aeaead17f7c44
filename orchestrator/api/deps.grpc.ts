import type { Clock } from '../../runtime/clock.js';
import type { Checkpoints } from '../journal/checkpoints.fs.js';
import type { HostConnection } from '../link/host-session.loop.js';
import type { Policy } from '../policy/policy.js';
import type { HostView } from '../scheduler/host-view.js';
import type { Plan } from '../scheduler/plan.js';
import type { CallerOf } from '../trust/caller.grpc.js';
import type { Ledger } from '../world/ledger.loop.js';
import type { ProgressFeed } from './watch.grpc.js';

/** What the operator's API reads and commands. */
export interface OperatorDeps {
  readonly version: string;
  readonly clock: Clock;
  readonly policy: () => Policy;
  readonly ledger: Ledger;
  readonly planNow: () => Plan;
  readonly hostView: () => HostView;
  readonly host: () => HostConnection | undefined;
  readonly checkpoints: Checkpoints;
  readonly progress: ProgressFeed;
  readonly wake: () => void;
  readonly callerOf: CallerOf;
  /** For whoever names what is not known. Absent: "lull status" says it. */
  readonly whatThereIs?: string;
}
