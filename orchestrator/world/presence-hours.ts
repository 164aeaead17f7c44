// From presence, as it changes, to hours of absence and returns: what the rhythm is learnt from.
//
// Invariant: P1. Time in which presence was not known, and time that the machine slept through,
// belongs to no hour: it is neither absence nor a return.

import type { Value } from '../../conditions/reading.js';

export interface PresenceHours {
  readonly hourStartMs: number;
  readonly seenUntilMs: number;
  readonly state: 'away' | 'engaged' | 'unknown';
  readonly awayMs: number;
  readonly returns: number;
}

export interface SeenHour {
  readonly startMs: number;
  readonly awayS: number;
  readonly returns: number;
}

const HOUR_MS = 3_600_000;
/** Longer than any wait between two looks: the machine slept, or the clock was set. */
const GAP_MS = 2 * HOUR_MS;

export function startHours(nowMs: number): PresenceHours {
  return {
    hourStartMs: hourOf(nowMs),
    seenUntilMs: nowMs,
    state: 'unknown',
    awayMs: 0,
    returns: 0,
  };
}

/** Presence at `nowMs`, and the hours that ended until then. */
export function seePresence(
  hours: PresenceHours,
  presence: Value,
  nowMs: number,
): { readonly hours: PresenceHours; readonly ended: readonly SeenHour[] } {
  const state = stateOf(presence);
  const gap = nowMs - hours.seenUntilMs;
  if (gap < 0 || gap > GAP_MS) return { hours: { ...startHours(nowMs), state }, ended: [] }; // P1
  let at = hours;
  const ended: SeenHour[] = [];
  while (hourOf(nowMs) > at.hourStartMs) {
    const endMs = at.hourStartMs + HOUR_MS;
    const full = passed(at, endMs);
    ended.push({
      startMs: full.hourStartMs,
      awayS: Math.round(full.awayMs / 1_000),
      returns: full.returns,
    });
    at = { ...full, hourStartMs: endMs, awayMs: 0, returns: 0 };
  }
  at = passed(at, nowMs);
  const returned = at.state === 'away' && state === 'engaged';
  return { hours: { ...at, state, returns: at.returns + Number(returned) }, ended };
}

function passed(hours: PresenceHours, untilMs: number): PresenceHours {
  const awayMs = hours.state === 'away' ? untilMs - hours.seenUntilMs : 0;
  return { ...hours, seenUntilMs: untilMs, awayMs: hours.awayMs + awayMs };
}

function stateOf(presence: Value): PresenceHours['state'] {
  return presence.kind === 'presence' ? presence.presence.kind : 'unknown';
}

function hourOf(atMs: number): number {
  return Math.floor(atMs / HOUR_MS) * HOUR_MS;
}
