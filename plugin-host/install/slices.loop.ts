// Does sliced work: the loop gets its turn after each slice, and a run that is frozen stands still.

import { setImmediate as othersFirst } from 'node:timers/promises';
import type { Sliced } from './slices.js';

/** @param between awaited after each slice. */
export async function inSlices<T>(work: Sliced<T>, between: () => Promise<unknown>): Promise<T> {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    await othersFirst();
    await between();
  }
}
