// The pace at which machines of a partition begin what asks a server for something. They become ready
// together: people leave at six, a window opens at ten, an update is accepted. Servers of vendors, and the
// line that the machines share, are then asked by some of them at a time.
//
//   64 at once ─▶ 32 a second, in the order in which they came
//
// Invariants:
//   P1. Who waits is woken when its turn has come, and asks again: by then it may not want to any more.
//   P2. Nobody is passed over, and nobody waits twice at once: the queue has each machine once.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Closeable } from '../../runtime/shutdown.js';

/** With sixteen partitions a fleet begins a thousand at once, and five hundred a second from then on (ours). */
const BURST = 64;
const PER_SECOND = 32;

export interface Pace extends Closeable {
  /** Whether it may begin now; if not, `wake` is called when it may. */
  readonly mayStart: (wake: () => void) => boolean;
}

export function createPace(clock: Clock): Pace {
  const waiting = new Set<() => void>();
  const called = new Set<() => void>();
  let left = BURST;
  let countedAtMs = clock.now().monotonicMs;
  let cancel: CancelTimer | undefined;

  function count(): void {
    const { monotonicMs } = clock.now();
    left = Math.min(BURST, left + ((monotonicMs - countedAtMs) / 1_000) * PER_SECOND);
    countedAtMs = monotonicMs;
  }

  function callNext(): void {
    cancel = undefined;
    count();
    for (const wake of waiting) {
      if (left < 1) break;
      left -= 1;
      waiting.delete(wake);
      called.add(wake);
      wake();
    }
    if (waiting.size > 0) look();
  }

  function look(): void {
    cancel ??= clock.after(Math.max(1, ((1 - left) / PER_SECOND) * 1_000), callNext);
  }

  return {
    mayStart: (wake) => {
      if (called.delete(wake)) return true; // P1
      count();
      if (waiting.size === 0 && left >= 1) {
        left -= 1;
        return true;
      }
      waiting.add(wake); // P2
      look();
      return false;
    },
    close: () => {
      cancel?.();
      waiting.clear();
    },
  };
}
