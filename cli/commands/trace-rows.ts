// The rows of a trace that is being recorded: what changed, in order of time.

import { readingKey, type Reading, type Readings } from '../../conditions/reading.js';
import { TRACE_ROWS_MAX, traceHead, traceRow } from '../../conditions/trace.js';

export interface Instant {
  readonly wallMs: number;
  /** Stands still while the machine sleeps. */
  readonly monotonicMs: number;
}

/** The clock on the wall went on by so much without the machine: it slept. */
const SLEPT_MS = 30_000;

export interface TraceRows {
  see(readings: Readings, now: Instant): void;
  /** Time has passed in which nothing was said. */
  passed(now: Instant): void;
  /** What was said last held until now. */
  end(now: Instant): void;
  isFull(): boolean;
  count(): number;
}

export function traceRows(
  start: Instant,
  utcOffsetMs: number,
  write: (row: string) => void,
  rowsMax = TRACE_ROWS_MAX,
): TraceRows {
  const startMs = start.wallMs;
  const told = new Map<string, string>();
  let presence: Reading | undefined;
  let lastMs = startMs;
  let seen = start;
  let count = 0;

  function put(reading: Reading): void {
    if (count >= rowsMax) return;
    // Sources see things at their own instants; in a trace time does not run backwards.
    lastMs = Math.max(lastMs, reading.observedAtMs);
    const row = traceRow({ ...reading, observedAtMs: lastMs }, startMs);
    if (row === undefined) return;
    write(row);
    count += 1;
  }

  function tell(reading: Reading): void {
    const key = readingKey(reading.signal, reading.instance);
    const text = JSON.stringify(reading.value);
    if (reading.signal === 'presence') presence = reading;
    if (told.get(key) === text) return;
    told.set(key, text);
    put(reading);
  }

  /** Nothing can run on a machine that sleeps: nobody knows of a person then, and of an absence. */
  function passed(now: Instant): void {
    const sleptMs = now.wallMs - seen.wallMs - (now.monotonicMs - seen.monotonicMs);
    const before = seen;
    seen = now;
    if (sleptMs < SLEPT_MS || presence === undefined) return;
    const asleep = { kind: 'unknown', why: 'the machine slept' } as const;
    put({ ...presence, value: asleep, observedAtMs: before.wallMs });
    put({ ...presence, observedAtMs: now.wallMs });
  }

  write(traceHead(startMs, utcOffsetMs));
  return {
    passed,
    see: (readings, now) => {
      passed(now);
      for (const reading of readings.values()) tell(reading);
    },
    end: (now) => {
      passed(now);
      if (presence !== undefined) put({ ...presence, observedAtMs: now.wallMs });
    },
    isFull: () => count >= rowsMax,
    count: () => count,
  };
}
