// When the host puts back what does not work. That is no update: it takes away what is broken, so that
// it does not wait for a good moment.
//
//   asked          the trip switch, a host, the battery's last minimum, how putting back has gone so far
//   not asked      who is there, mains, load, windows, holds, vetoes, the breaker, quotas, the level of
//                  confinement, other machines of the group
//
// Invariant: P1. It needs no updater: one that is suspended, or crashes, cannot keep it from happening.

import { objections, type Requirement } from '../../conditions/requirement.js';
import type { Reason } from '../../conditions/reason.js';
import type { Policy } from '../policy/policy.js';
import type { World } from '../world/world.js';
import { attachmentObjections } from './held.js';
import type { HostView } from './host-view.js';
import { failureWords, orderObjections, waits } from './may.js';
import { mendingGuard } from './requirements.js';
import type { Subject } from './subject.js';

/** Every reason why it cannot start now, but for the slot. */
export function mendingObjections(
  subject: Subject,
  world: World,
  host: HostView,
  policy: Policy,
  nowMs: number,
): Reason[] {
  const requirements: readonly Requirement[] = mendingGuard(policy);
  return [
    ...orderObjections(subject, world, policy, nowMs).filter(({ code }) => code === 'TRIPPED'),
    ...attachmentObjections(host),
    ...(subject.demanded ? [] : timeObjections(subject, nowMs)),
    ...objections(requirements, host.readings, nowMs),
  ];
}

function timeObjections({ state, interrupted }: Subject, nowMs: number): Reason[] {
  if (interrupted?.phase.kind === 'interrupted') {
    const { sinceMs, retryAtMs } = interrupted.phase;
    const next = String(interrupted.attempt + 1);
    const what = `attempt ${next} after ${failureWords(interrupted.phase)}`;
    return waits(sinceMs, retryAtMs, nowMs, what);
  }
  const mending = state?.mending;
  if (mending === undefined) return [];
  if (mending.lost !== undefined) return [{ code: 'LOST', message: mending.lost }];
  const what = `attempt ${String(mending.failureCount + 1)} to put it back`;
  return waits(mending.failedAtMs ?? 0, mending.notBeforeMs, nowMs, what);
}
