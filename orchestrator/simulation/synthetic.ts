// Traces that nobody recorded: made-up people with a made-up rhythm, for newcomers and tests. Same
// seed, same people. They are no substitute for a recording: whoever made them knew what to expect.

import { chanceFrom, type Chance } from './seeded.js';
import { merged, within, type Span } from './span.js';
import { traceOf, type Trace } from './trace.js';
import { WINDOWS_EPOCH_MS } from './windows.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

interface Person {
  /** The chance that the machine is on mains in a night. */
  readonly plugsIn: number;
  /** Hour of the evening at which it is left alone, in the mean. */
  readonly bedHour: number;
  readonly sleepHours: number;
  /** How often somebody looks at it at night, per hour. */
  readonly glancesPerHour: number;
  /** Times that it is left alone on mains by day. */
  readonly breaksPerDay: number;
  readonly breakMinutes: number;
}

export function syntheticTraces(seed: number, count: number, days: number): Trace[] {
  return Array.from({ length: count }, (_, i) => {
    // A seed of its own for each: more devices do not change the ones before.
    const chance = chanceFrom(Math.imul(seed, 1_000_003) + i);
    return lifeOf(`synthetic-${String(i)}`, personOf(chance), chance, days);
  });
}

function personOf(chance: Chance): Person {
  return {
    plugsIn: [0.95, 0.8, 0.4, 0.05][chance.below(4)] ?? 0.5,
    bedHour: 21.5 + 3 * chance.share(),
    sleepHours: 6 + 3 * chance.share(),
    glancesPerHour: 0.1 + chance.waiting(0.2),
    breaksPerDay: 6 * chance.share(),
    breakMinutes: 5 + chance.waiting(30),
  };
}

function lifeOf(device: string, person: Person, chance: Chance, days: number): Trace {
  const startMs = WINDOWS_EPOCH_MS + Math.round(chance.share() * 7 * DAY_MS);
  const endMs = startMs + days * DAY_MS;
  const firstDayMs = Math.floor(startMs / DAY_MS) * DAY_MS - DAY_MS;
  const spans: Span[] = [];
  for (let dayMs = firstDayMs; dayMs < endMs; dayMs += DAY_MS) {
    spans.push(...nightOf(person, chance, dayMs), ...breaksOf(person, chance, dayMs));
  }
  const away = within(merged(spans), startMs, endMs);
  return traceOf({ device, startMs, endMs, away, mains: away });
}

/** A night, with the glances that cut it. */
function nightOf(person: Person, chance: Chance, dayMs: number): Span[] {
  const lateHours = 1.5 * (chance.share() - 0.5);
  const plugged = chance.share() < person.plugsIn;
  const endMs = wholeS(dayMs + (person.bedHour + lateHours + person.sleepHours) * HOUR_MS);
  const parts: Span[] = [];
  let fromMs = wholeS(dayMs + (person.bedHour + lateHours) * HOUR_MS);
  while (plugged && fromMs < endMs) {
    const toMs = Math.min(endMs, fromMs + wholeS(chance.waiting(HOUR_MS / person.glancesPerHour)));
    parts.push({ fromMs, toMs });
    fromMs = toMs + Math.max(1_000, wholeS(chance.waiting(MINUTE_MS)));
  }
  return parts;
}

function breaksOf(person: Person, chance: Chance, dayMs: number): Span[] {
  const count = chance.below(Math.ceil(2 * person.breaksPerDay) + 1);
  return Array.from({ length: count }, () => {
    const fromMs = wholeS(dayMs + (8 + 13 * chance.share()) * HOUR_MS);
    return { fromMs, toMs: fromMs + wholeS(chance.waiting(person.breakMinutes * MINUTE_MS)) };
  });
}

function wholeS(ms: number): number {
  return Math.round(ms / 1_000) * 1_000;
}
