// Recordings of one person's device as events: the screen, and what feeds it. Presence and power
// apart, which windows cannot tell.

import type { Signal } from '../../conditions/reading.js';
import { readingOf } from './calm.js';
import { merged, type Span } from './span.js';
import { faultList, numbersOf, rowsOf, type FaultList } from './rows.js';
import { traceOf, type Recording } from './trace.js';

export const screenColumns = ['time', 'screen_status'] as const;
export const powerColumns = [
  'time',
  'battery_level',
  'battery_status',
  'battery_health',
  'battery_adaptor',
] as const;

/** So long without any event, and the recording had stopped: nobody knows what was. */
const GAP_S_MAX = 24 * 3_600;
const SCREEN_ON = 1;
const SCREEN_OFF = 0;
const LOCKED = 2;
const UNLOCKED = 3;
const isSwitch = ({ value }: Event): boolean => value === SCREEN_ON || value === SCREEN_OFF;
const isLock = ({ value }: Event): boolean => value === LOCKED || value === UNLOCKED;

const tells: ReadonlySet<Signal> = new Set<Signal>(['presence', 'power.ac', 'power.battery']);

interface Event {
  readonly atS: number;
  readonly value: number;
  /** The column after the time: of power events the battery's charge. */
  readonly level: number;
}

/**
 * Times are seconds since the epoch. A person is there while the screen is on; one that is off is
 * locked where the recording says so, and dark elsewhere.
 */
export function parseEvents(screenText: string, powerText: string, device: string): Recording {
  const faults = faultList();
  const events = eventsOf(screenText, screenColumns, faults, 'screen');
  const screen = events.filter(isSwitch);
  const power = eventsOf(powerText, powerColumns, faults, 'power');
  const fromS = Math.max(screen[0]?.atS ?? Infinity, power[0]?.atS ?? Infinity);
  const toS = Math.min(screen.at(-1)?.atS ?? 0, power.at(-1)?.atS ?? 0);
  const recording = { clock: 'utc', faults, mended: { emptyCount: 0, touchingCount: 0 } } as const;
  if (toS <= fromS) return { ...recording, traces: [] };
  const [startMs, endMs] = [Math.round(fromS * 1_000), Math.round(toS * 1_000)];
  const away = spansWhere(screen, (value) => value === SCREEN_OFF, endMs);
  const locked = spansWhere(events.filter(isLock), (value) => value === LOCKED, endMs);
  const mains = spansWhere(power, (value) => value !== 0, endMs);
  const gaps = { presence: gapsIn(screen), mains: gapsIn(power) };
  const more = power.map(({ atS, level }) =>
    readingOf('power.battery', { kind: 'number', number: level }, Math.round(atS * 1_000)),
  );
  const trace = traceOf({
    device,
    startMs,
    endMs,
    away,
    locked,
    dark: away,
    mains,
    gaps,
    tells,
    more,
  });
  return { ...recording, traces: [trace] };
}

/** While nothing was recorded nobody knows what was: it permits nothing. */
function gapsIn(events: readonly Event[]): Span[] {
  return events.flatMap(({ atS }, i): Span[] => {
    const nextS = events[i + 1]?.atS ?? atS;
    if (nextS - atS <= GAP_S_MAX) return [];
    return [{ fromMs: Math.round(atS * 1_000), toMs: Math.round(nextS * 1_000) }];
  });
}

/** An event that goes back in time is left out: the clock was set, and what follows stands. */
function eventsOf(
  text: string,
  columns: readonly string[],
  faults: FaultList,
  what: string,
): Event[] {
  const events: Event[] = [];
  for (const { line, row } of rowsOf(text, faults)) {
    const cells = numbersOf(row, columns, line, faults);
    const [atS, level, value] = [cells?.[0], cells?.[1], cells?.at(-1)];
    if (atS === undefined || level === undefined || value === undefined) continue;
    const lastS = events.at(-1)?.atS ?? atS;
    if (atS < lastS) {
      faults.add(line, `${what}: time goes backwards by ${(lastS - atS).toFixed(0)} s`);
      continue;
    }
    if (atS - lastS > GAP_S_MAX) {
      faults.add(line, `${what}: nothing was recorded for ${((atS - lastS) / 3_600).toFixed(0)} h`);
    }
    events.push({ atS, value, level });
  }
  return events;
}

/** A gap counts as neither away nor on mains: what is unknown permits nothing. */
function spansWhere(
  events: readonly Event[],
  holds: (value: number) => boolean,
  endMs: number,
): Span[] {
  const spans = events.flatMap(({ atS, value }, i): Span[] => {
    const untilS = events[i + 1]?.atS ?? endMs / 1_000;
    if (!holds(value) || untilS - atS > GAP_S_MAX) return [];
    return [{ fromMs: Math.round(atS * 1_000), toMs: Math.min(Math.round(untilS * 1_000), endMs) }];
  });
  return merged(spans);
}
