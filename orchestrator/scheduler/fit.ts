// The fourth question: will it fit? Only for what cannot be frozen once it has begun: everything else
// simply stops when the person comes back, and no prediction is better than that.
//
// Most quiet spells that end, end early. Over the recordings at hand the chance per second that one
// ends falls with its length so far, a, as RETURNS / (a + EARLY_S). So a spell that has lasted a lasts
// another d with chance
//   ((a + EARLY_S) / (a + EARLY_S + d)) ^ (RETURNS x r)
// where r is how soon absences end in this hour, by this machine's own rhythm, over how soon they end
// as a rule. A wanted chance amounts to a wait that grows with the section: 3 min for 60 s at 90 %.

import { valueOf, type Readings } from '../../conditions/reading.js';
import type { Reason } from '../../conditions/reason.js';
import { formatDuration } from '../../conditions/words.js';
import type { Policy } from '../policy/policy.js';
import { localMinute, windowState } from '../policy/window.js';
import { atLeast } from '../runs/intrusion.js';
import { returnsOverUsual } from '../world/rhythm.js';
import type { UpdateState, World } from '../world/world.js';
import { mends, weightOf } from './requirements.js';
import type { Subject } from './subject.js';
import { deadlineOf, urgencyOf } from './urgency.js';

/** Fitted to 6,108 quiet spells of 345 devices. */
const RETURNS = 0.434;
const EARLY_S = 30;
/** From this share of the time to the deadline on, less is asked. */
const EASING_FROM = 0.5;

/**
 * The chance that a quiet spell that has lasted `awayS` lasts `durationS` more, 0 to 1.
 * @param ratio how soon absences end now over how soon they usually do.
 */
export function chanceToStayAway(awayS: number, durationS: number, ratio = 1): number {
  const seen = Math.max(0, awayS) + EARLY_S;
  return (seen / (seen + durationS)) ** (RETURNS * ratio);
}

/** Seconds that a quiet spell has to have lasted for `durationS` more to be as likely as `chance`. */
export function awayForChance(chance: number, durationS: number, ratio = 1): number {
  if (chance <= 0) return 0;
  if (chance >= 1) return Number.POSITIVE_INFINITY;
  const share = chance ** (1 / (RETURNS * ratio));
  return Math.max(0, (share * durationS) / (1 - share) - EARLY_S);
}

/** Whether the quiet is likely to last as long as the section that cannot be frozen. */
export function quietObjections(
  { manifest, action, level, state }: Subject,
  world: World,
  readings: Readings,
  policy: Policy,
  nowMs: number,
): Reason[] {
  const sectionS = manifest?.critical_max_s ?? 0;
  if (sectionS === 0 || weightOf(action) !== 'change' || level !== 'silent') return [];
  const sinceMs = quietSinceMs(readings);
  // Somebody is there, or nobody knows: that is another gate's reason.
  if (sinceMs === undefined) return [];
  const minute = localMinute(policy.timeZone, nowMs);
  const ratio = returnsOverUsual(world.rhythm, minute, sectionS, policy.activeHours);
  const wantedAt = (atMs: number): number =>
    state === undefined ? policy.quietChance.normal : wantedChance(state, policy, atMs);
  // A clock that was set back must not make the quiet look longer than it was.
  const chanceAt = (atMs: number): number =>
    chanceToStayAway(Math.max(0, atMs - sinceMs) / 1_000, sectionS, ratio);
  const [wanted, chance] = [wantedAt(nowMs), chanceAt(nowMs)];
  if (chance >= wanted) return [];
  const latestMs = sinceMs + awayForChance(wanted, sectionS, ratio) * 1_000;
  const until = Number.isFinite(latestMs)
    ? { untilMs: firstInstant(nowMs, latestMs, (atMs) => chanceAt(atMs) >= wantedAt(atMs)) }
    : {};
  const message = `after ${formatDuration(Math.max(0, nowMs - sinceMs))} the chance of ${formatDuration(sectionS * 1_000)} more of quiet is ${percent(chance)}, ${percent(wanted)} are wanted`;
  return [{ code: 'QUIET_TOO_SHORT', message, ...until }];
}

/** The first instant, to a second, at which `holds`, which never holds and then does not again. */
function firstInstant(fromMs: number, toMs: number, holds: (atMs: number) => boolean): number {
  let [beforeMs, atMs] = [fromMs, toMs];
  while (atMs - beforeMs > 1_000) {
    const middleMs = (beforeMs + atMs) / 2;
    if (holds(middleMs)) atMs = middleMs;
    else beforeMs = middleMs;
  }
  return Math.ceil(atMs);
}

/** Towards the deadline less and less is asked, so that the last days are not wasted on waiting. */
function wantedChance(state: UpdateState, policy: Policy, nowMs: number): number {
  const { quietChance } = policy;
  const urgency = urgencyOf(state, policy, nowMs);
  if (urgency !== 'normal') return quietChance[urgency];
  const { dueAtMs } = deadlineOf(state, policy);
  const passed = (nowMs - state.firstSeenAtMs) / (dueAtMs - state.firstSeenAtMs);
  const late = Math.max(0, passed - EASING_FROM) / (1 - EASING_FROM);
  return quietChance.normal + late * (quietChance.due - quietChance.normal);
}

/** Since when nobody is there and nothing would have to stop for want of mains, ms since the epoch. */
function quietSinceMs(readings: Readings): number | undefined {
  const presence = valueOf(readings, 'presence');
  if (presence.kind !== 'presence' || presence.presence.kind !== 'away') return undefined;
  // A reading is told again only when it changes: its instant is since when it holds.
  const mainsSinceMs = readings.get('power.ac')?.observedAtMs ?? 0;
  return Math.max(presence.presence.sinceMs, mainsSinceMs);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

/** Whether policy lets anything start at this time. What is overdue does not wait for a window. */
export function windowObjections(
  { level, action }: Pick<Subject, 'level' | 'action'>,
  policy: Policy,
  nowMs: number,
): Reason[] {
  if (policy.windows.length === 0 || atLeast(level, 'noticeable') || mends(action)) return [];
  const state = windowState(policy.windows, policy.timeZone, nowMs);
  if (state.kind === 'open') return [];
  const until = state.untilMs === undefined ? {} : { untilMs: state.untilMs };
  const inWords =
    state.untilMs === undefined
      ? 'it never opens'
      : `opens in ${formatDuration(state.untilMs - nowMs)}`;
  return [{ code: 'OUTSIDE_WINDOW', message: `outside of the window; ${inWords}`, ...until }];
}
