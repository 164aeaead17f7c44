// Which edge broke a guard. Readings travel together: what the machine's disk did a moment before is
// no part of how fast a run was stopped.

import { readingKey, sameValue, withReadings, type Readings } from '../../conditions/reading.js';
import { objections, type Requirement } from '../../conditions/requirement.js';

/**
 * When the sensor saw the earliest change without which there would be fewer objections, on
 * CLOCK_MONOTONIC; undefined where no single change is the cause.
 */
export function edgeOf(
  requirements: readonly Requirement[],
  before: Readings,
  after: Readings,
  nowMs: number,
): bigint | undefined {
  const count = objections(requirements, after, nowMs).length;
  let first: bigint | undefined;
  for (const { signal, instance, value, observedMonotonicNs: at } of after.values()) {
    const old = before.get(readingKey(signal, instance));
    if (old === undefined || sameValue(old.value, value)) continue;
    if (first !== undefined && at >= first) continue;
    const without = withReadings(after, [old]);
    if (objections(requirements, without, nowMs).length < count) first = at;
  }
  return first;
}
