import { signals, type Reading, type Signal, type Value } from '../../conditions/reading.js';

/** One instant on both clocks, as it is handed to pure code. */
export interface Instant {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** What a value is about: a signal, and which one of several. */
export interface Subject {
  readonly signal: Signal;
  /** A path where there are several; empty for the machine. */
  readonly instance: string;
}

/** What a probe hands over: a value that has no instant yet. */
export interface Measurement extends Subject {
  readonly source: string;
  readonly value: Value;
}

/** Why a share of time has no value right after the start. */
const ONLY_BEGUN = 'it is measured over an interval that has only begun';

export function machineWide(signal: Signal): Subject {
  return { signal, instance: '' };
}

/** @param of a signal alone is one of the whole machine. */
export function measurement(of: Subject | Signal, source: string, value: Value): Measurement {
  const { signal, instance } = typeof of === 'string' ? machineWide(of) : of;
  return { signal, instance, source, value };
}

export function unknownValue(why: string): Value {
  return { kind: 'unknown', why };
}

export function flagValue(flag: boolean): Value {
  return { kind: 'flag', flag };
}

/** A number, or `unknown` for what a signal of this unit cannot be: NaN, −3 %, 130 %. */
export function numberValue(signal: Signal, number: number): Value {
  const most = signals[signal].unit === '%' ? 100 : Number.MAX_SAFE_INTEGER;
  if (number >= 0 && number <= most) return { kind: 'number', number };
  return unknownValue(`${String(number)} is not a possible value`);
}

/** A share of time (0 to 1) as percent; `undefined` is a share not measured yet. */
export function shareValue(signal: Signal, share: number | undefined): Value {
  return share === undefined ? unknownValue(ONLY_BEGUN) : numberValue(signal, share * 100);
}

export function toReading(measurement: Measurement, at: Instant): Reading {
  return readingAt(measurement, at, monotonicNsOf(at));
}

/** All of them as seen at one instant. */
export function readingsOf(measurements: readonly Measurement[], at: Instant): Reading[] {
  const observedMonotonicNs = monotonicNsOf(at);
  return measurements.map((measurement) => readingAt(measurement, at, observedMonotonicNs));
}

function readingAt(
  { signal, instance, source, value }: Measurement,
  { wallMs }: Instant,
  observedMonotonicNs: bigint,
): Reading {
  return { signal, instance, source, value, observedAtMs: wallMs, observedMonotonicNs };
}

function monotonicNsOf({ monotonicMs }: Instant): bigint {
  return BigInt(Math.round(monotonicMs * 1_000_000));
}
