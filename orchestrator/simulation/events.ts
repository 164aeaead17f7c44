// Recordings of one person's device as events: the screen, and what feeds it. Presence and power
// apart, which windows cannot tell.

import { merged, type Span } from './span.js';
import { faultList, numbersOf, rowsOf, type FaultList, type Recording } from './trace.js';

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

interface Event {
  readonly atS: number;
  readonly value: number;
}

/** Times are seconds since the epoch. A person is there while the screen is on. */
export function parseEvents(screenText: string, powerText: string, device: string): Recording {
  const faults = faultList();
  const screen = eventsOf(screenText, screenColumns, faults, 'screen').filter(
    ({ value }) => value === SCREEN_ON || value === SCREEN_OFF,
  );
  const power = eventsOf(powerText, powerColumns, faults, 'power');
  const fromS = Math.max(screen[0]?.atS ?? Infinity, power[0]?.atS ?? Infinity);
  const toS = Math.min(screen.at(-1)?.atS ?? 0, power.at(-1)?.atS ?? 0);
  const mended = { emptyCount: 0, touchingCount: 0 };
  if (toS <= fromS) return { traces: [], faults, mended };
  const [startMs, endMs] = [Math.round(fromS * 1_000), Math.round(toS * 1_000)];
  const away = spansWhere(screen, (value) => value === SCREEN_OFF, endMs);
  const mains = spansWhere(power, (value) => value !== 0, endMs);
  return { traces: [{ device, startMs, endMs, away, mains }], faults, mended };
}

/** An event that goes back in time is left out: the clock was set, and what follows stands. */
function eventsOf(
  text: string,
  columns: readonly string[],
  faults: FaultList,
  what: string,
): Event[] {
  const events: Event[] = [];
  for (const { line, row } of rowsOf(text)) {
    const cells = numbersOf(row, columns, line, faults);
    const [atS, value] = [cells?.[0], cells?.at(-1)];
    if (atS === undefined || value === undefined) continue;
    const lastS = events.at(-1)?.atS ?? atS;
    if (atS < lastS) {
      faults.add(line, `${what}: time goes backwards by ${(lastS - atS).toFixed(0)} s`);
      continue;
    }
    if (atS - lastS > GAP_S_MAX) {
      faults.add(line, `${what}: nothing was recorded for ${((atS - lastS) / 3_600).toFixed(0)} h`);
    }
    events.push({ atS, value });
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
