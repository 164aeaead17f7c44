// Steps that cannot be frozen: is the machine likely to be left alone, on mains, until its end?
//
// Most quiet spells that end, end early. Over the recordings at hand the chance per second that one
// ends falls with its length so far, a, as RETURNS / (a + EARLY_S), hardly different by hour of day or
// by person. So a spell that has lasted a lasts another d with chance
//   ((a + EARLY_S) / (a + EARLY_S + d)) ^ RETURNS
// and the wait that a wanted chance amounts to grows with the step: 3 min for 60 s at 90 %.

import { valueOf } from '../../conditions/reading.js';
import type { Reason } from '../../conditions/reason.js';
import { formatDuration } from '../../conditions/words.js';
import type { Policy } from '../policy/policy.js';
import type { Admission, Plan, Waiting } from '../scheduler/decide.js';
import type { HostView } from '../scheduler/host-view.js';
import type { World } from '../world/world.js';
import type { Decide } from './machine.js';

/** Fitted to 6,108 quiet spells of 345 devices. */
const RETURNS = 0.434;
const EARLY_S = 30;

export function chanceToStayAway(awayS: number, durationS: number): number {
  const seen = Math.max(0, awayS) + EARLY_S;
  return (seen / (seen + durationS)) ** RETURNS;
}

/** How long a quiet spell has to have lasted for `durationS` more to be as likely as `chance`. */
export function awayForChance(chance: number, durationS: number): number {
  if (chance <= 0) return 0;
  if (chance >= 1) return Number.POSITIVE_INFINITY;
  const ratio = chance ** (1 / RETURNS);
  return Math.max(0, (ratio * durationS) / (1 - ratio) - EARLY_S);
}

/** `decide`, with the question above asked of what cannot be frozen, instead of the rhythm's. */
export function askingForSections(decide: Decide): Decide {
  return (world: World, host: HostView, policy: Policy, nowMs: number): Plan => {
    const plan = decide(world, host, { ...policy, quietChance: noChance }, nowMs);
    const kept: Admission[] = [];
    const waiting: Waiting[] = [...plan.waiting];
    for (const admission of plan.admit) {
      const reason = sectionObjection(admission, host, policy, nowMs);
      if (reason === undefined) kept.push(admission);
      else waiting.push({ subject: admission.subject, reasons: [reason] });
    }
    const instants = waiting
      .flatMap(({ reasons }) => reasons.map(({ untilMs }) => untilMs ?? 0))
      .concat(plan.lookAgainAtMs ?? 0)
      .filter((atMs) => atMs > nowMs);
    const lookAgain = instants.length === 0 ? {} : { lookAgainAtMs: Math.min(...instants) };
    return { ...plan, admit: kept, waiting, ...lookAgain };
  };
}

const noChance = { normal: 0, due: 0, overdue: 0 } as const;

function sectionObjection(
  { subject }: Admission,
  { readings }: HostView,
  policy: Policy,
  nowMs: number,
): Reason | undefined {
  const sectionS = subject.manifest?.critical_max_s ?? 0;
  const value = valueOf(readings, 'presence');
  if (sectionS === 0 || subject.work.kind === 'scan' || subject.level !== 'silent')
    return undefined;
  if (value.kind !== 'presence' || value.presence.kind !== 'away') return undefined;
  // A reading is told again only when it changes: its instant is since when it holds.
  const mainsSinceMs = readings.get('power.ac')?.observedAtMs ?? nowMs;
  const sinceMs = Math.max(value.presence.sinceMs, mainsSinceMs);
  const wanted = policy.quietChance.normal;
  const untilMs = sinceMs + Math.ceil(awayForChance(wanted, sectionS) * 1_000);
  if (nowMs >= untilMs) return undefined;
  const chance = chanceToStayAway((nowMs - sinceMs) / 1_000, sectionS);
  const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
  const message = `after ${formatDuration(nowMs - sinceMs)} the chance of ${formatDuration(sectionS * 1_000)} more of quiet is ${percent(chance)}, ${percent(wanted)} are wanted`;
  return { code: 'QUIET_TOO_SHORT', message, untilMs };
}
