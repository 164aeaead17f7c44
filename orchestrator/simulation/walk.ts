// Through a trace from one change to the next.

import { readingKey, type Reading, type Readings } from '../../conditions/reading.js';
import type { Span } from './span.js';

/** What a walk needs of a trace. */
export interface Told {
  readonly startMs: number;
  readonly endMs: number;
  readonly readings: readonly Reading[];
}

export interface Walk {
  /** As they are where the walk has come to. The same map all along. */
  readonly readings: Readings;
  /** When they change next; Infinity when they do not before the end. */
  nextMs(): number;
  /** Goes to the next change. What changes at one instant changes at once: nobody sees the half of it. */
  step(): void;
}

export function walk({ readings: told }: Told, fromMs: number, toMs: number): Walk {
  const readings = new Map<string, Reading>();
  let i = 0;
  const takeUntil = (atMs: number): void => {
    for (let each = told[i]; each !== undefined && each.observedAtMs <= atMs; each = told[i]) {
      readings.set(readingKey(each.signal, each.instance), each);
      i += 1;
    }
  };
  const nextMs = (): number => {
    const atMs = told[i]?.observedAtMs ?? Infinity;
    return atMs > toMs ? Infinity : atMs;
  };
  takeUntil(fromMs);
  return {
    readings,
    nextMs,
    step: () => {
      const atMs = nextMs();
      if (atMs < Infinity) takeUntil(atMs);
    },
  };
}

/** When what the sensors said was so. */
export function spansWhere(told: Told, holds: (readings: Readings) => boolean): Span[] {
  const { startMs, endMs } = told;
  const at = walk(told, startMs, endMs);
  const spans: Span[] = [];
  let fromMs = holds(at.readings) ? startMs : undefined;
  for (let nextMs = at.nextMs(); nextMs < endMs; nextMs = at.nextMs()) {
    at.step();
    const now = holds(at.readings);
    if (now && fromMs === undefined) fromMs = nextMs;
    if (now || fromMs === undefined) continue;
    spans.push({ fromMs, toMs: nextMs });
    fromMs = undefined;
  }
  return fromMs === undefined || fromMs >= endMs ? spans : [...spans, { fromMs, toMs: endMs }];
}
