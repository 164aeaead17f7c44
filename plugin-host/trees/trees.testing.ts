// Threads for whole trees, for tests; and the same deeds within the test, where it counts their pieces.

import { afterAll } from '@jest/globals';
import { systemClock } from '../../runtime/clock.js';
import { deeds, type Deed, type OrderOf, type ResultOf } from './deeds.fs.js';
import { openTrees, type Trees } from './trees.loop.js';

/** For all tests of a file, and closed after them. */
export function treesOfFile(): Trees {
  const trees = openTrees({ clock: systemClock });
  afterAll(() => trees.close());
  return trees;
}

/** @param between in place of the run's pass. */
export function treesAtOnce(between: () => void): Trees {
  return {
    carryOut: async <D extends Deed>(deed: D, order: OrderOf<D>) => {
      const act = deeds[deed] as (order: OrderOf<D>, between: () => void) => unknown;
      return (await act(order, between)) as ResultOf<D>;
    },
    close: () => undefined,
  };
}
