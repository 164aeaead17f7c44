// A trace: what the sensors of one machine said over days or weeks, and what follows from it: when a
// person was there, and when an update would have been in nobody's way.

import {
  attentionSignals,
  valueOf,
  type Reading,
  type Readings,
  type Signal,
  type Value,
} from '../../conditions/reading.js';
import { calmReadings, readingOf } from './calm.js';
import type { Faults } from './rows.js';
import { intersection, type Span } from './span.js';
import { spansWhere } from './walk.js';

export interface Trace {
  readonly device: string;
  readonly startMs: number;
  readonly endMs: number;
  /** In order; each holds until the next of its signal. Those before the start hold from the start. */
  readonly readings: readonly Reading[];
  /** The signals that the recording tells of. All others are as on a calm machine. */
  readonly tells: ReadonlySet<Signal>;
  /** Nobody was there. */
  readonly away: readonly Span[];
  /** Nobody was there or absorbed in something, and the machine was on mains. */
  readonly quiet: readonly Span[];
  /** The same with a network that costs nothing in the place of mains: for downloads. */
  readonly quietOnline: readonly Span[];
}

export interface Recording {
  readonly traces: readonly Trace[];
  /** Whether instants are true, or count on a clock on the wall whose zone was not recorded. */
  readonly clock: 'utc' | 'wall';
  readonly faults: Faults;
  /** What was put right without harm. */
  readonly mended: { readonly emptyCount: number; readonly touchingCount: number };
}

/** What a recording of presence and power alone has. */
export interface Seen {
  readonly device: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly away: readonly Span[];
  /** Absent: whoever is away has locked the screen. */
  readonly locked?: readonly Span[];
  /** Absent: none that is away and not locked is dark. */
  readonly dark?: readonly Span[];
  readonly mains: readonly Span[];
  /** When nothing was recorded of the one or the other. */
  readonly gaps?: { readonly presence: readonly Span[]; readonly mains: readonly Span[] };
  readonly tells?: ReadonlySet<Signal>;
  /** What else was recorded, in order. */
  readonly more?: readonly Reading[];
}

const presenceAndMains: ReadonlySet<Signal> = new Set<Signal>(['presence', 'power.ac']);

export function traceOf(seen: Seen): Trace {
  const { device, startMs, endMs, away, locked = away, dark = [], mains, more = [] } = seen;
  const { gaps = { presence: [], mains: [] } } = seen;
  const lists = [away, locked, mains, gaps.presence, gaps.mains, dark];
  const [isAway, isLocked, onMains, noPresence, noMains, isDark] = lists.map((spans) =>
    pointer(spans),
  );
  const readings: Reading[] = [...calmReadings(startMs)];
  const last = new Map<Signal, string>();
  const tell = (signal: Signal, value: Value, atMs: number): void => {
    const text = JSON.stringify(value);
    if (last.get(signal) === text) return;
    last.set(signal, text);
    readings.push(readingOf(signal, value, atMs));
  };
  for (const atMs of edgesOf(lists, startMs, endMs)) {
    const presence = presenceOf(isAway?.(atMs), isLocked?.(atMs), isDark?.(atMs));
    tell('presence', noPresence?.(atMs) === undefined ? presence : notRecorded, atMs);
    const flag = onMains?.(atMs) !== undefined;
    tell('power.ac', noMains?.(atMs) === undefined ? { kind: 'flag', flag } : notRecorded, atMs);
  }
  const all = [...readings, ...more].sort((a, b) => a.observedAtMs - b.observedAtMs);
  const { tells = presenceAndMains } = seen;
  return finished({ device, startMs, endMs, readings: more.length > 0 ? all : readings, tells });
}

/** The trace of readings, with what follows from them. */
export function finished(
  told: Pick<Trace, 'device' | 'startMs' | 'endMs' | 'readings' | 'tells'>,
): Trace {
  const away = spansWhere(told, isAlone);
  const calm = spansWhere(told, (readings) => isAlone(readings) && !isAbsorbed(readings));
  return {
    ...told,
    away,
    quiet: intersection(calm, spansWhere(told, isOnMains)),
    quietOnline: intersection(calm, spansWhere(told, isUnmetered)),
  };
}

/** The same trace at another time. */
export function movedBy(trace: Trace, byMs: number): Trace {
  if (byMs === 0) return trace;
  const moved = (spans: readonly Span[]): Span[] =>
    spans.map(({ fromMs, toMs }) => ({ fromMs: fromMs + byMs, toMs: toMs + byMs }));
  return {
    ...trace,
    startMs: trace.startMs + byMs,
    endMs: trace.endMs + byMs,
    readings: trace.readings.map((reading) => movedReading(reading, byMs)),
    away: moved(trace.away),
    quiet: moved(trace.quiet),
    quietOnline: moved(trace.quietOnline),
  };
}

function movedReading(reading: Reading, byMs: number): Reading {
  return {
    ...reading,
    value: movedValue(reading.signal, reading.value, byMs),
    observedAtMs: reading.observedAtMs + byMs,
  };
}

/** Some values are instants themselves. */
export function movedValue(signal: Signal, value: Value, byMs: number): Value {
  if (value.kind === 'presence' && value.presence.kind === 'away') {
    const sinceMs = value.presence.sinceMs + byMs;
    return { kind: 'presence', presence: { ...value.presence, sinceMs } };
  }
  if (value.kind === 'number' && signal.endsWith('.at')) {
    return { kind: 'number', number: value.number + byMs };
  }
  return value;
}

const notRecorded: Value = { kind: 'unknown', why: 'nothing was recorded' };

function presenceOf(
  away: Span | undefined,
  locked: Span | undefined,
  dark: Span | undefined,
): Value {
  if (away === undefined) return { kind: 'presence', presence: { kind: 'engaged' } };
  const { fromMs: sinceMs } = away;
  const isDark = dark === undefined ? {} : ({ dark: true } as const);
  const more = locked === undefined ? isDark : ({ locked: true } as const);
  return { kind: 'presence', presence: { kind: 'away', sinceMs, ...more } };
}

function isAlone(readings: Readings): boolean {
  const presence = valueOf(readings, 'presence');
  return presence.kind === 'presence' && presence.presence.kind === 'away';
}

function isAbsorbed(readings: Readings): boolean {
  return attentionSignals.some((signal) => {
    const value = valueOf(readings, signal);
    return value.kind === 'flag' && value.flag;
  });
}

function isOnMains(readings: Readings): boolean {
  const value = valueOf(readings, 'power.ac');
  return value.kind === 'flag' && value.flag;
}

function isUnmetered(readings: Readings): boolean {
  const value = valueOf(readings, 'network.metered');
  return value.kind === 'word' && (value.word === 'no' || value.word === 'guess-no');
}

/** Every instant at which one of the lists changes, from the start on. */
function edgesOf(lists: readonly (readonly Span[])[], startMs: number, endMs: number): number[] {
  const edges = new Set([startMs]);
  for (const { fromMs, toMs } of lists.flat()) {
    for (const atMs of [fromMs, toMs]) if (atMs > startMs && atMs <= endMs) edges.add(atMs);
  }
  return [...edges].sort((a, b) => a - b);
}

/** The span at an instant, for instants that only move forward. */
function pointer(spans: readonly Span[]): (atMs: number) => Span | undefined {
  let i = 0;
  return (atMs) => {
    while ((spans[i]?.toMs ?? Infinity) <= atMs) i += 1;
    const span = spans[i];
    return span !== undefined && span.fromMs <= atMs ? span : undefined;
  };
}
