// What threads do with whole trees, done by whoever asks for it: where a test counts its pieces, or sees its
// steps.

import { deeds, type Deed, type OrderOf, type ResultOf } from './deeds.fs.js';
import type { Trees } from './trees.loop.js';

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
