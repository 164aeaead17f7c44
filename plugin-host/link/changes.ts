// What of the machine's state is told to an orchestrator that is far away: what changed, and how soon.

import { sameValue, type Reading, type Readings } from '../../conditions/reading.js';

export interface Changes {
  readonly readings: readonly Reading[];
  /** Some of it is no level: a person, a plug, a network. It is told at once. */
  readonly isEdge: boolean;
}

/** What an orchestrator that was told `before` does not know of `now`. */
export function changesSince(before: Readings, now: Readings): Changes {
  const readings: Reading[] = [];
  for (const [key, reading] of now) {
    const old = before.get(key);
    if (old === undefined || !sameValue(old.value, reading.value)) readings.push(reading);
  }
  return { readings, isEdge: readings.some(({ value }) => value.kind !== 'number') };
}

/** Whether some reading is gone, which only a snapshot can tell. */
export function lacksSome(before: Readings, now: Readings): boolean {
  return [...before.keys()].some((key) => !now.has(key));
}
