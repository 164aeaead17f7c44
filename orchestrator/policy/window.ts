// Time windows in local time: "mon-fri 22:00-06:00". Open or closed, and when that changes.
//
//   windows ─▶ spans of wall time, joined ─▶ each laid on the instants that show it ─▶ open or closed
//
// Invariants:
//   W1. A span of wall time is one opening, whatever the clock does. Where a jump back cuts it in two,
//       the longer part counts, of equals the first. What the clock jumps over as a whole opens when
//       it has jumped, for as long as it would have been.
//   W2. But for what was jumped over, it is never open while the clock on the wall says that it is not.
//   W3. From and to may lie on different days; from = to is refused when the window is read.

import { stretchesOf, wallTime, type Stretch } from './zone.js';

export const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Day = (typeof days)[number];

export interface Window {
  /** The days on which it opens. */
  readonly days: readonly Day[];
  /** Minutes since midnight. */
  readonly fromMinute: number;
  /** Minutes since midnight, at most those of a day; before `fromMinute`: on the next day. */
  readonly toMinute: number;
}

export type WindowState =
  | { readonly kind: 'open'; readonly untilMs: number }
  /** `untilMs` absent: it never opens. */
  | { readonly kind: 'closed'; readonly untilMs?: number };

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
const DAY_MS = DAY_MINUTES * MINUTE_MS;
/** 1 January 1970 was a Thursday. */
const FIRST_WEEKDAY = 4;
/** What began two days ago may still be open; what opens at all opens within a week and a day. */
const DAYS_BACK = 2;
const DAYS_AHEAD = 10;

/** State of the union of `windows` at `nowMs`. */
export function windowState(
  windows: readonly Window[],
  timeZone: string,
  nowMs: number,
): WindowState {
  if (windows.length === 0) return { kind: 'closed' };
  const dayMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
  const next = openingsFrom(windows, timeZone, dayMs).find((span) => span.toMs > nowMs);
  if (next === undefined) return { kind: 'closed' };
  if (next.fromMs > nowMs) return { kind: 'closed', untilMs: next.fromMs };
  return {
    kind: 'open',
    untilMs: next.toMs >= dayMs + DAYS_AHEAD * DAY_MS ? Number.POSITIVE_INFINITY : next.toMs,
  };
}

/** One day's openings serve all its instants, and all that is decided in them: each list's last are kept. */
const kept = new WeakMap<
  readonly Window[],
  { readonly timeZone: string; readonly dayMs: number; readonly openings: readonly Span[] }
>();

function openingsFrom(
  windows: readonly Window[],
  timeZone: string,
  dayMs: number,
): readonly Span[] {
  const last = kept.get(windows);
  if (last?.timeZone === timeZone && last.dayMs === dayMs) return last.openings;
  const [fromMs, toMs] = [dayMs - DAYS_BACK * DAY_MS, dayMs + DAYS_AHEAD * DAY_MS];
  const stretches = stretchesOf(timeZone, fromMs, toMs);
  const spans = wallSpans(windows, stretches).flatMap((span) => openingOf(span, stretches));
  const openings = joined(spans);
  kept.set(windows, { timeZone, dayMs, openings });
  return openings;
}

/** Minutes since Sunday midnight on the clock on the wall. */
export function localMinute(timeZone: string, atMs: number): number {
  const minute = Math.floor(wallTime(timeZone, atMs) / MINUTE_MS) + FIRST_WEEKDAY * DAY_MINUTES;
  const weekMinutes = days.length * DAY_MINUTES;
  return ((minute % weekMinutes) + weekMinutes) % weekMinutes;
}

/** Every span of wall time in which a window is open, in order, touching ones joined. */
function wallSpans(windows: readonly Window[], stretches: readonly Stretch[]): Span[] {
  const [first, last] = [stretches[0], stretches.at(-1)];
  if (first === undefined || last === undefined) return [];
  const firstDay = Math.floor((first.fromMs + first.offsetMs) / DAY_MS);
  const lastDay = Math.floor((last.toMs + last.offsetMs) / DAY_MS);
  const spans: Span[] = [];
  for (let day = firstDay; day <= lastDay; day += 1) {
    const weekday = days[(((day + FIRST_WEEKDAY) % 7) + 7) % 7];
    for (const window of windows) {
      if (weekday === undefined || !window.days.includes(weekday)) continue;
      const fromMs = day * DAY_MS + window.fromMinute * MINUTE_MS;
      spans.push({ fromMs, toMs: fromMs + minutesOf(window) * MINUTE_MS });
    }
  }
  return joined(spans);
}

function minutesOf({ fromMinute, toMinute }: Window): number {
  return toMinute - fromMinute + (toMinute > fromMinute ? 0 : DAY_MINUTES);
}

/** When the clock on the wall shows `wall`: one opening (W1), or none in the time looked at. */
function openingOf(wall: Span, stretches: readonly Stretch[]): Span[] {
  const parts = stretches.flatMap(({ fromMs, toMs, offsetMs }) => {
    const part = {
      fromMs: Math.max(wall.fromMs - offsetMs, fromMs),
      toMs: Math.min(wall.toMs - offsetMs, toMs),
    };
    return part.fromMs < part.toMs ? [part] : [];
  });
  const [longest] = joined(parts).sort((a, b) => lengthOf(b) - lengthOf(a));
  if (longest !== undefined) return [longest];
  const after = stretches.findIndex((each) => wall.toMs <= each.fromMs + each.offsetMs);
  const jumpMs = after > 0 ? stretches[after]?.fromMs : undefined;
  return jumpMs === undefined ? [] : [{ fromMs: jumpMs, toMs: jumpMs + lengthOf(wall) }];
}

function lengthOf({ fromMs, toMs }: Span): number {
  return toMs - fromMs;
}

function joined(spans: readonly Span[]): Span[] {
  const whole: { fromMs: number; toMs: number }[] = [];
  for (const { fromMs, toMs } of [...spans].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = whole.at(-1);
    if (last !== undefined && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs);
    else whole.push({ fromMs, toMs });
  }
  return whole;
}
