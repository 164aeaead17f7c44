// The fourth question: will it fit? Only for what cannot be frozen once it has begun: everything
// else simply stops when the person comes back, and no prediction is better than that.

import type { Reason } from '../../conditions/reason.js';
import { formatDuration } from '../../conditions/words.js';
import type { Policy } from '../policy/policy.js';
import { localMinute, windowState } from '../policy/window.js';
import { atLeast } from '../runs/intrusion.js';
import { chanceOfQuiet } from '../world/rhythm.js';
import type { World } from '../world/world.js';
import { weightOf } from './requirements.js';
import type { Subject } from './subject.js';
import { urgencyOf } from './urgency.js';

/** Whether the quiet is likely to last as long as the section that cannot be frozen. */
export function quietObjections(
  { manifest, action, level, state }: Subject,
  world: World,
  policy: Policy,
  nowMs: number,
): Reason[] {
  const sectionS = manifest?.critical_max_s ?? 0;
  if (sectionS === 0 || weightOf(action) !== 'change' || level !== 'silent') return [];
  const urgency = state === undefined ? 'normal' : urgencyOf(state, policy, nowMs);
  const wanted = policy.quietChance[urgency];
  const minute = localMinute(policy.timeZone, nowMs);
  const chance = chanceOfQuiet(world.rhythm, minute, sectionS, policy.activeHours);
  if (chance >= wanted) return [];
  const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
  return [
    {
      code: 'QUIET_TOO_SHORT',
      message: `the chance of ${formatDuration(sectionS * 1_000)} of quiet is ${percent(chance)}, ${percent(wanted)} are wanted`,
    },
  ];
}

/** Whether policy lets anything start at this time. What is overdue does not wait for a window. */
export function windowObjections({ level }: Subject, policy: Policy, nowMs: number): Reason[] {
  if (policy.windows.length === 0 || atLeast(level, 'noticeable')) return [];
  const state = windowState(policy.windows, policy.timeZone, nowMs);
  if (state.kind === 'open') return [];
  const until = state.untilMs === undefined ? {} : { untilMs: state.untilMs };
  const inWords =
    state.untilMs === undefined
      ? 'it never opens'
      : `opens in ${formatDuration(state.untilMs - nowMs)}`;
  return [{ code: 'OUTSIDE_WINDOW', message: `outside of the window; ${inWords}`, ...until }];
}
