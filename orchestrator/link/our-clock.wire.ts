// What a machine whose clock is wrong tells, by the orchestrator's clock.
//
// Invariant: O1. Since when nobody is there, and what else is told as an instant, is an age to whoever
// judges: a clock that is a day behind does not make a person who has just left be long away.

import { signalNamed, signals } from '../../conditions/reading.js';
import type { Reading } from '../../proto/gen/lull/sensor/v1/sensor.js';

/** Less is what messages take on their way, and clocks that are kept right differ by. */
const APART_MS_MIN = 5_000;

/** @param sentAtMs the machine's clock when it told this; 0: it does not say. */
export function byOurClock(
  told: readonly Reading[],
  sentAtMs: number,
  nowMs: number,
): readonly Reading[] {
  const apartMs = Math.round(nowMs) - sentAtMs;
  if (sentAtMs === 0 || Math.abs(apartMs) < APART_MS_MIN) return told;
  return told.map((reading) => ({
    ...reading,
    observedAtUnixMs: reading.observedAtUnixMs + BigInt(apartMs),
    value: moved(reading, apartMs), // O1
  }));
}

function moved({ signal: name, value }: Reading, apartMs: number): Reading['value'] {
  const signal = signalNamed(name);
  if (value?.$case === 'number' && signal !== undefined && signals[signal].unit === 'ms') {
    return { $case: 'number', value: value.value + apartMs };
  }
  if (value?.$case !== 'presence' || value.value.kind?.$case !== 'away') return value;
  const away = value.value.kind.value;
  const sinceUnixMs = away.sinceUnixMs + BigInt(apartMs);
  return { $case: 'presence', value: { kind: { $case: 'away', value: { ...away, sinceUnixMs } } } };
}
