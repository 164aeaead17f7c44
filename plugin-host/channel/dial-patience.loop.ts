// A deadline that an updater is held to for what it does, and not for what was done to it: it stands
// still while the updater is frozen or slowed, and while the machine is so busy that it gets no
// processor.

const STEP_MS = 20;
/** So many times as long, and it is given up all the same: somebody else has to get a turn. */
const STARVED_TIMES_MAX = 12;

interface Patience {
  /** Aborted once the time is used up. */
  readonly signal: AbortSignal;
  end(): void;
}

export interface Standstill {
  readonly isHeld: () => boolean;
  /** Time so far in which it had work and got no processor, microseconds. */
  readonly starvedUs: () => number;
}

/** @param afterMs looked at every 20 ms. */
export function patience(afterMs: number, { isHeld, starvedUs }: Standstill): Patience {
  const controller = new AbortController();
  let leftMs = afterMs;
  let forgivenUs = starvedUs();
  let lookedAtMs = performance.now();
  let unheldMs = 0;
  const timer = setInterval(() => {
    // What we ourselves wait for between two looks at the clock is not the updater's.
    const passedMs = performance.now() - lookedAtMs;
    const newlyStarvedUs = starvedUs() - forgivenUs;
    lookedAtMs = performance.now();
    forgivenUs += newlyStarvedUs;
    if (isHeld()) return;
    unheldMs += passedMs;
    // The kernel tells late and in lumps; what it tells late is not lost.
    leftMs = Math.min(afterMs, leftMs - passedMs + newlyStarvedUs / 1_000);
    if (leftMs > 0 && unheldMs < afterMs * STARVED_TIMES_MAX) return;
    clearInterval(timer);
    controller.abort();
  }, STEP_MS);
  return {
    signal: controller.signal,
    end: () => {
      clearInterval(timer);
    },
  };
}
