// What runs take from the network, by whichever way: each piece is accounted for before the next one is
// read.

import type { Readings } from '../../conditions/reading.js';
import { formatBytes } from '../../conditions/words.js';
import type { Clock } from '../../runtime/clock.js';
import { HostError } from '../channel/host-failure.js';
import {
  bytesPerSNow,
  isPaidFor,
  noDebt,
  take,
  type Debt,
  type NetworkLimits,
} from './allowance.js';
import { waitOn } from './wait.loop.js';

/** A change of the limit, as when the person leaves, is noticed within this time. */
const WAIT_MS_MAX = 500;

export interface Intake {
  /**
   * Accounts for what one run takes. The answer resolves when the next piece may be read.
   * @throws HostError METERED when the run has had what it may on a metered network.
   */
  of(run: {
    readonly limits: NetworkLimits;
    readonly readings: () => Readings;
    readonly over: AbortSignal;
  }): (bytes: number) => Promise<void>;
}

/** One for the machine (L1). */
export function createIntake({ clock }: { readonly clock: Clock }): Intake {
  let debt: Debt = noDebt;

  return {
    of: ({ limits, readings, over }) => {
      let paidBytes = 0;
      return async (bytes) => {
        if (isPaidFor(readings())) paidBytes += bytes; // L3
        if (paidBytes > limits.meteredBytesMax) {
          const most = formatBytes(limits.meteredBytesMax);
          throw new HostError(
            'METERED',
            `the network is metered, and a run may take ${most} there`,
          );
        }
        let more = bytes;
        for (;;) {
          const { monotonicMs, wallMs } = clock.now();
          const rate = bytesPerSNow(limits, readings(), wallMs);
          const taken = take(debt, more, rate, monotonicMs);
          debt = taken.debt;
          if (taken.waitMs === 0 || over.aborted) return;
          more = 0;
          await waitOn(clock, Math.min(taken.waitMs, WAIT_MS_MAX), over);
        }
      };
    },
  };
}
