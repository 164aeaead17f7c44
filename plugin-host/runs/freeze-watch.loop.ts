// Whether what was frozen stands still, looked at after the write that froze it: a kernel's freezer can
// miss a process that is just being forked, which version 1 of control groups is known for.
//
//   frozen ─▶ looked at every 50 ms ─▶ it stands: the end
//                 └─ not yet: the write is repeated ─▶ in half a second it used the processor: it goes on
//                                                 └─▶ it did not: it is in the kernel, or waits for a
//                                                     processor, and stops as soon as it is out
//
// Invariants:
//   F1. Nothing of this is on the way of a reaction: it begins when the write is done.
//   F2. Every wait is bounded: after LOOKED_AT_MS_MAX nobody looks any more.
//   F3. What goes on is told once, and whoever is told ends it: docs/decisions/0149.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Sandbox } from '../sandbox/sandbox.js';

/** The kernel's accounting lags by a tick; a call that was in the kernel at the write ends in less. */
const LOOK_MS = 50;
/** From the write until one that goes on is not waited for any more; and the time between later looks. */
export const STANDS_MS_MAX = 500;
/** A tenth of one processor: a process that is only on its way out of the kernel uses less (ours). */
const GOES_ON_US = 50_000;
/** What is still in the kernel by then waits for a disk or a network; it stops when that answers. */
const LOOKED_AT_MS_MAX = 10_000;

export type Freezable = Pick<Sandbox, 'freeze' | 'isStill' | 'cpuUs'>;

export class FreezeWatch {
  private usedUs: number;
  private usedBeforeUs: number;
  private cancel: CancelTimer = () => undefined;

  /** Of a sandbox that was frozen just now. */
  constructor(
    private readonly deps: {
      readonly clock: Clock;
      readonly sandbox: Freezable;
      readonly onGoesOn: () => void;
    },
  ) {
    this.usedUs = this.usedBeforeUs = deps.sandbox.cpuUs();
    this.look(0);
  }

  /** CPU that it had used when it came to stand, as far as that is known, microseconds. */
  get settledUs(): number {
    return this.usedUs;
  }

  close(): void {
    this.cancel();
  }

  private look(sinceMs: number): void {
    const { clock, sandbox, onGoesOn } = this.deps;
    // Asked before the wait: what was still then has used all that it will.
    const still = sandbox.isStill();
    if (!still && sinceMs > 0) sandbox.freeze();
    const lookMs = sinceMs < STANDS_MS_MAX ? LOOK_MS : STANDS_MS_MAX;
    this.cancel = clock.after(lookMs, () => {
      this.usedUs = sandbox.cpuUs();
      if (still) return;
      const nowMs = sinceMs + lookMs;
      if (nowMs % STANDS_MS_MAX === 0) {
        if (this.usedUs - this.usedBeforeUs > GOES_ON_US) {
          onGoesOn(); // F3
          return;
        }
        this.usedBeforeUs = this.usedUs;
      }
      if (nowMs < LOOKED_AT_MS_MAX) this.look(nowMs); // F2
    });
  }
}
