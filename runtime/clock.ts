/** One instant on both clocks. */
export interface Now {
  /** Milliseconds since the epoch. Jumps when somebody sets the clock: for windows and records. */
  readonly wallMs: number;
  /** CLOCK_MONOTONIC in milliseconds, the same in every process of this boot: for durations. */
  readonly monotonicMs: number;
}

/** Stops a scheduled call. Calling it twice, or after the call happened, does nothing. */
export type CancelTimer = () => void;

/** Time as a dependency, so that tests and the simulation can bring their own. */
export interface Clock {
  now(): Now;
  /** Calls `fn` once after `delayMs`. The timer keeps no process alive. */
  after(delayMs: number, fn: () => void): CancelTimer;
}

/** setTimeout fires at once for a longer delay than this (2^31 - 1 ms, about 24.8 days). */
const TIMER_DELAY_MS_MAX = 2_147_483_647;

export const systemClock: Clock = {
  now: () => ({
    wallMs: Date.now(),
    monotonicMs: Number(process.hrtime.bigint() / 1_000n) / 1_000,
  }),
  after: (delayMs, fn) => {
    const timer = setTimeout(fn, Math.min(Math.max(0, delayMs), TIMER_DELAY_MS_MAX));
    timer.unref();
    return () => {
      // Node.js goes on to wake for a cleared timer that kept no process alive, and forgets one that did.
      timer.ref();
      clearTimeout(timer);
    };
  },
};
