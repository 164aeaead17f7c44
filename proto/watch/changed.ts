// Which readings are others than before, and when the first of them was seen.

import { sameValue, type Reading, type Readings } from '../../conditions/reading.js';

/**
 * @param named keys of those that can have changed; absent: all. Nothing else is looked at, because a
 *   freeze waits for it.
 */
export function changedReadings(
  before: Readings,
  after: Readings,
  named?: readonly string[],
): Reading[] {
  const changed: Reading[] = [];
  for (const key of named ?? after.keys()) {
    const [old, reading] = [before.get(key), after.get(key)];
    if (reading === undefined) continue;
    if (old === undefined || !sameValue(old.value, reading.value)) changed.push(reading);
  }
  return changed;
}

export function earliest(readings: readonly Reading[]): { observedMonotonicNs?: bigint } {
  let first: bigint | undefined;
  for (const { observedMonotonicNs: at } of readings) {
    if (first === undefined || at < first) first = at;
  }
  return first === undefined ? {} : { observedMonotonicNs: first };
}
