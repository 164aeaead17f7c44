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

/** Runs whose taking on metered networks is kept in mind; the ones that were seen last. */
const RUNS_MAX = 1_000;

/** One for the machine (L1). */
export function createIntake({ clock }: { readonly clock: Clock }): Intake {
  let debt: Debt = noDebt;
  /** What each run has taken where somebody pays for it (L3). */
  const paidBytes = new Map<string, number>();

  /** @returns what the run has taken in all, where somebody pays for it now; else 0. */
  function pay(runId: string, bytes: number, readings: Readings): number {
    if (!isPaidFor(readings)) return 0;
    const all = (paidBytes.get(runId) ?? 0) + bytes;
    paidBytes.delete(runId);
    paidBytes.set(runId, all);
    const [oldest] = paidBytes.keys();
    if (paidBytes.size > RUNS_MAX && oldest !== undefined) paidBytes.delete(oldest);
    return all;
  }

  return {
    of:
      ({ runId, limits, readings, over }) =>
      async (bytes) => {
        if (pay(runId, bytes, readings()) > limits.meteredBytesMax) {
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
      },
  };
}
