// The days of a trace on the clock on the wall, for rules that go by it.

import { wallTime } from '../policy/zone.js';
import { endOf, type Errand } from './errand.js';
import type { Span } from './span.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The instant at which the clock on the wall of a zone shows `wallMs`. */
export function instantOf(timeZone: string, wallMs: number): number {
  if (timeZone === 'UTC') return wallMs;
  const near = wallMs - (wallTime(timeZone, wallMs) - wallMs);
  return wallMs - (wallTime(timeZone, near) - near);
}

/** A day by the clock on the wall. */
export interface WallDay {
  /** Midnight. */
  readonly startMs: number;
  /** The instant of an hour of it, which may have a fraction, or lie beyond its end. */
  readonly at: (hour: number) => number;
}

/** Every day that an errand touches, and the one before. */
export function wallDaysOf(errand: Errand): WallDay[] {
  const { timeZone = 'UTC' } = errand;
  const wall = (atMs: number): number => (timeZone === 'UTC' ? atMs : wallTime(timeZone, atMs));
  const days: WallDay[] = [];
  const lastMs = wall(endOf(errand));
  const firstMs = Math.floor(wall(errand.arrivalMs) / DAY_MS) * DAY_MS - DAY_MS;
  for (let dayMs = firstMs; dayMs < lastMs; dayMs += DAY_MS) {
    const midnightMs = dayMs;
    days.push({
      startMs: instantOf(timeZone, midnightMs),
      at: (hour) => instantOf(timeZone, midnightMs + hour * HOUR_MS),
    });
  }
  return days;
}

/** The same hours of each day. */
export function inDays(days: readonly WallDay[], fromHour: number, toHour: number): Span[] {
  return days.map(({ at }) => ({ fromMs: at(fromHour), toMs: at(toHour) }));
}
