// Load that begins. The round in which it begins sees a part of it only, and the next one is far away:
// whoever waits for a threshold is told sooner when it is looked at once more in between.

import type { Measurement } from '../reading/measurement.js';
import { percentSignals, type Signal } from '../../conditions/reading.js';

/** Two ticks of the kernel's clock on two cores: one alone is what every machine has all the time. */
const JUMP_PERCENT = 10;

const percents: ReadonlySet<Signal> = new Set(percentSignals);

/** @returns what takes a round, and says whether a level jumped in it. */
export function createJumps(): (measured: readonly Measurement[]) => boolean {
  const before = new Map<Signal, number>();
  return (measured) => {
    let jumped = false;
    for (const { signal, value } of measured) {
      if (!percents.has(signal)) continue;
      const past = before.get(signal);
      if (value.kind !== 'number') {
        before.delete(signal);
        continue;
      }
      before.set(signal, value.number);
      jumped ||= past !== undefined && value.number - past >= JUMP_PERCENT;
    }
    return jumped;
  };
}
