// From presence, as it changes, to hours of absence and returns: what the rhythm is learnt from.
//
// Invariant: P1. Time in which presence was not known, and time that the machine slept through,
// belongs to no hour: it is neither absence nor a return.

import type { Value } from '../../conditions/reading.js';
import { noAges, withAbsence, withReturn, type Ages } from './absence-ages.js';

export interface PresenceHours {
  readonly hourStartMs: number;
  readonly seenUntilMs: number;
  readonly state: 'away' | 'engaged' | 'unknown';
  /** Since when a person is away, while one is; ms since the epoch. */
  readonly awaySinceMs: number;
  readonly awayMs: number;
  readonly returns: number;
  readonly ages: Ages;
}

export interface SeenHour {
  readonly startMs: number;
  readonly awayS: number;
  readonly returns: number;
  readonly ages: Ages;
}

const HOUR_MS = 3_600_000;
/** Longer than any wait between two looks: the machine slept, or the clock was set. */
const GAP_MS = 2 * HOUR_MS;

export function startHours(nowMs: number): PresenceHours {
  return {
    hourStartMs: hourOf(nowMs),
    seenUntilMs: nowMs,
    state: 'unknown',
    ...{ awaySinceMs: nowMs, awayMs: 0, returns: 0, ages: noAges },
  };
}

/**
 * Presence at `nowMs`, and the hours that ended until then.
 * @param wokeAtMs when the machine woke up last, ms since the epoch; -Infinity: it did not.
 */
export function seePresence(
  hours: PresenceHours,
  presence: Value,
  nowMs: number,
  wokeAtMs: number,
): { readonly hours: PresenceHours; readonly ended: readonly SeenHour[] } {
  const state = stateOf(presence);
  const gap = nowMs - hours.seenUntilMs;
  const awaySinceMs =
    presence.kind === 'presence' && presence.presence.kind === 'away'
      ? Math.min(nowMs, presence.presence.sinceMs)
      : nowMs;
  const slept = wokeAtMs > hours.seenUntilMs && wokeAtMs <= nowMs;
  if (gap < 0 || gap > GAP_MS || (slept && hourOf(nowMs) !== hours.hourStartMs))
    return { hours: { ...startHours(nowMs), state, awaySinceMs }, ended: [] }; // P1
  let at: PresenceHours = slept ? { ...hours, state: 'unknown' } : hours; // P1
  const ended: SeenHour[] = [];
  while (hourOf(nowMs) > at.hourStartMs) {
    const endMs = at.hourStartMs + HOUR_MS;
    const full = passed(at, endMs);
    ended.push({
      startMs: full.hourStartMs,
      awayS: Math.round(full.awayMs / 1_000),
      returns: full.returns,
      ages: full.ages,
    });
    at = { ...full, hourStartMs: endMs, awayMs: 0, returns: 0, ages: noAges };
  }
  at = passed(at, nowMs);
  const returned = at.state === 'away' && state === 'engaged';
  const ages = returned ? withReturn(at.ages, (nowMs - at.awaySinceMs) / 1_000) : at.ages;
  return {
    hours: { ...at, state, awaySinceMs, returns: at.returns + Number(returned), ages },
    ended,
  };
}

function passed(hours: PresenceHours, untilMs: number): PresenceHours {
  if (hours.state !== 'away') return { ...hours, seenUntilMs: untilMs };
  const { seenUntilMs, awaySinceMs } = hours;
  const ageS = (atMs: number): number => (atMs - awaySinceMs) / 1_000;
  return {
    ...hours,
    seenUntilMs: untilMs,
    awayMs: hours.awayMs + untilMs - seenUntilMs,
    ages: withAbsence(hours.ages, ageS(seenUntilMs), ageS(untilMs)),
  };
}

function stateOf(presence: Value): PresenceHours['state'] {
  return presence.kind === 'presence' ? presence.presence.kind : 'unknown';
}

function hourOf(atMs: number): number {
  return Math.floor(atMs / HOUR_MS) * HOUR_MS;
}
