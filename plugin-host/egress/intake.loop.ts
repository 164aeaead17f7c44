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
import { openPaid, type Paid } from './paid.fs.js';
import { waitOn } from './wait.loop.js';

/** A change of the limit, as when the person leaves, is noticed within this time. */
const WAIT_MS_MAX = 500;

export interface Intake {
  /**
   * Accounts for what one run takes, over all attempts at it. The answer resolves when the next piece may be read.
   * @throws HostError METERED when the run has had what it may on a metered network.
   */
  of(run: {
    readonly runId: string;
    readonly limits: NetworkLimits;
    readonly readings: () => Readings;
    readonly over: AbortSignal;
  }): (bytes: number) => Promise<void>;
}

/** One for the machine (L1). @param deps.paid absent: kept in this process alone. */
export function createIntake(deps: { readonly clock: Clock; readonly paid?: Paid }): Intake {
  const { clock, paid = openPaid() } = deps;
  let debt: Debt = noDebt;

  return {
    of:
      ({ runId, limits, readings, over }) =>
      async (bytes) => {
        const { meteredBytesMax } = limits;
        const isPaid = isPaidFor(readings());
        // L3.
        if (isPaid && paid.add(runId, bytes, meteredBytesMax) > meteredBytesMax) {
          const most = formatBytes(meteredBytesMax);
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
      },
  };
}
