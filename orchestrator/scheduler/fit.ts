// The fourth question: will it fit? Only for what cannot be frozen once it has begun: everything else
// simply stops when the person comes back, and no prediction is better than that.
//
// Most quiet spells that end, end early. Over the recordings at hand the chance per second that one
// ends falls with its length so far, a, as RETURNS / (a + EARLY_S). That is what is expected of a
// machine before anything is seen of it, class of age by class of age (hazard.ts); what is seen of it
// takes its place. A wanted chance amounts to a wait that grows with the section: 4 min for 60 s at
// 92 % where nothing is known, and none where absences have never ended early.

import { valueOf, type Readings } from '../../conditions/reading.js';
import type { Reason } from '../../conditions/reason.js';
import { formatDuration } from '../../conditions/words.js';
import type { Policy } from '../policy/policy.js';
import { localMinute } from '../policy/window.js';
import { returnsOverOwn } from '../world/rhythm.js';
import type { UpdateState, World } from '../world/world.js';
import { chanceToStayAway, hazardsOf } from './hazard.js';
import { weightOf } from './requirements.js';
import type { Subject } from './subject.js';
import { deadlineOf, urgencyAt } from './urgency.js';

/** From this share of the time to the deadline on, less is asked. */
const EASING_FROM = 0.25;
const MINUTE_MS = 60_000;

/** Whether the quiet is likely to last as long as the section that cannot be frozen. */
export function quietObjections(
  subject: Subject,
  world: World,
  readings: Readings,
  policy: Policy,
  nowMs: number,
): Reason[] {
  const sectionS = sectionOf(subject);
  if (sectionS === 0) return [];
  const sinceMs = quietSinceMs(readings, nowMs);
  // Somebody is there, or nobody knows: that is another gate's reason.
  if (sinceMs === undefined) return [];
  const { state } = subject;
  const minute = localMinute(policy.timeZone, nowMs);
  const ratio = returnsOverOwn(world.rhythm, minute, sectionS, policy.activeHours);
  const hazards = hazardsOf(world.ages);
  const wantedAt = (atMs: number): number =>
    state === undefined ? policy.quietChance.normal : wantedChance(state, policy, atMs);
  // A clock that was set back must not make the quiet look longer than it was.
  const chanceAt = (atMs: number): number =>
    chanceToStayAway(hazards, Math.max(0, atMs - sinceMs) / 1_000, sectionS, ratio);
  const [wanted, chance] = [wantedAt(nowMs), chanceAt(nowMs)];
  if (chance >= wanted) return [];
  // Known only within this hour: from the next one on, absences may end sooner or later (N1).
  const untilMs = firstInstant(
    nowMs,
    nowMs + ratioChangesInMs(nowMs, minute, sectionS),
    (atMs) => chanceAt(atMs) >= wantedAt(atMs),
  );
  const message = `after ${formatDuration(Math.max(0, nowMs - sinceMs))} the chance of ${formatDuration(sectionS * 1_000)} more of quiet is ${percent(chance)}, ${percent(wanted)} are wanted`;
  const shares = { measured: chance * 100, limit: wanted * 100, unit: '%', sinceMs } as const;
  const until = untilMs === undefined ? {} : { untilMs };
  return [{ code: 'QUIET_TOO_SHORT', message, ...shares, ...until }];
}

/** The next instant at which another hour counts for the quiet that `subject` needs, if it needs any. */
export function nextQuietHour(subject: Subject, policy: Policy, nowMs: number): number | undefined {
  const sectionS = sectionOf(subject);
  if (sectionS === 0) return undefined;
  return nowMs + ratioChangesInMs(nowMs, localMinute(policy.timeZone, nowMs), sectionS);
}

/**
 * Seconds that cannot be frozen once they have begun, of what waits for nobody to be there; else 0. No
 * longer than the whole action is expected to take.
 */
function sectionOf({ manifest, action, level, work }: Subject): number {
  if (weightOf(action) !== 'change' || level !== 'silent') return 0;
  const mostS = manifest?.critical_max_s ?? 0;
  const expectedS = work.kind === 'perform' ? work.update.expectedS : undefined;
  return Math.min(mostS, Math.max(1, expectedS ?? mostS));
}

/** How long the hours that the next `sectionS` cross stay the same: `returnsOverOwn` counts minutes. */
function ratioChangesInMs(nowMs: number, minuteOfWeek: number, sectionS: number): number {
  const toNextHour = (minute: number): number => 60 - (minute % 60);
  const minutes = Math.min(
    toNextHour(minuteOfWeek),
    Math.ceil(toNextHour(minuteOfWeek + sectionS / 60)),
  );
  return minutes * MINUTE_MS - (nowMs % MINUTE_MS);
}

/** The first instant before `toMs` at which `holds`, which never holds and then does not again. */
function firstInstant(
  fromMs: number,
  toMs: number,
  holds: (atMs: number) => boolean,
): number | undefined {
  let [beforeMs, atMs] = [Math.floor(fromMs), Math.ceil(toMs) - 1];
  if (!holds(atMs)) return undefined;
  while (atMs - beforeMs > 1) {
    const middleMs = Math.floor((beforeMs + atMs) / 2);
    if (holds(middleMs)) atMs = middleMs;
    else beforeMs = middleMs;
  }
  return atMs;
}

/** Towards the deadline less and less is asked, so that the last days are not wasted on waiting. */
function wantedChance(state: UpdateState, policy: Policy, nowMs: number): number {
  const { quietChance } = policy;
  const deadline = deadlineOf(state, policy);
  const urgency = urgencyAt(deadline, nowMs);
  if (urgency !== 'normal') return quietChance[urgency];
  const passed = (nowMs - state.firstSeenAtMs) / (deadline.dueAtMs - state.firstSeenAtMs);
  const late = Math.max(0, passed - EASING_FROM) / (1 - EASING_FROM);
  return quietChance.normal + late * (quietChance.due - quietChance.normal);
}

/** Since when nobody is there and nothing would have to stop for want of mains, ms since the epoch. */
function quietSinceMs(readings: Readings, nowMs: number): number | undefined {
  const presence = valueOf(readings, 'presence');
  if (presence.kind !== 'presence' || presence.presence.kind !== 'away') return undefined;
  // A reading is told again only when it changes: its instant is since when it holds.
  // Sensors count an absence without the jumps of the clock, and this instant as it stood: one that
  // lies ahead is of a clock that was set back since, and would forbid everything until then.
  const mainsSinceMs = readings.get('power.ac')?.observedAtMs ?? 0;
  return Math.max(presence.presence.sinceMs, mainsSinceMs > nowMs ? 0 : mainsSinceMs);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
