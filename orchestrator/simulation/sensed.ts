// Traces of Lull's own: what `lull record` wrote, every signal as it was said.

import type { Signal } from '../../conditions/reading.js';
import { parseTrace, playedValue, type TraceEvent } from '../../conditions/trace.js';
import { calmReadings, readingOf } from './calm.js';
import { faultList } from './rows.js';
import { finished, type Recording } from './trace.js';
import { TRACE_S_MAX, WINDOWS_EPOCH_MS } from './windows.js';

/** The first event's line, below the head. */
const FIRST_LINE = 3;
/** Where a person lives is decided by a trace's presence: without it there is nothing to replay. */
const needed: Signal = 'presence';

export type Sensed = Recording | { readonly kind: 'broken'; readonly why: string };

/**
 * Where the trace does not say what the clock on the wall showed at its start, it began at midnight on
 * a Thursday. What it never speaks of is as on a calm machine; what it says is not known, is not.
 */
export function parseSensed(text: string, device: string): Sensed {
  const parsed = parseTrace(text);
  if (parsed.kind === 'broken') return parsed;
  const { events, wallStartMs: startMs = WINDOWS_EPOCH_MS } = parsed;
  const recording = {
    clock: 'wall',
    faults: faultList(),
    mended: { emptyCount: 0, touchingCount: 0 },
  } as const;
  const long = events.findIndex(({ atMs }) => atMs > TRACE_S_MAX * 1_000);
  if (long !== -1) {
    const days = String(TRACE_S_MAX / 86_400);
    const why = `line ${String(long + FIRST_LINE)}: the trace is longer than ${days} days`;
    return { kind: 'broken', why };
  }
  const tells = new Set(events.map(({ signal }) => signal));
  const lastMs = events.at(-1)?.atMs ?? 0;
  if (lastMs === 0) return { ...recording, traces: [] };
  if (!tells.has(needed)) return { kind: 'broken', why: `it says nothing of ${needed}` };
  const readings = [
    ...calmReadings(startMs, tells),
    ...events.map((event) => {
      const { signal, instance, atMs } = event;
      return readingOf(signal, valueIn(event, startMs), startMs + atMs, instance);
    }),
  ];
  const endMs = startMs + lastMs;
  return { ...recording, traces: [finished({ device, startMs, endMs, readings, tells })] };
}

function valueIn(event: TraceEvent, startMs: number) {
  return playedValue(event, startMs, 1);
}
