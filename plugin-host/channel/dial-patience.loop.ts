// A deadline that stands still while the updater is frozen or slowed: it must not fail for what we did to it.

const STEP_MS = 20;

interface Patience {
  /** Aborted once the time is used up. */
  readonly signal: AbortSignal;
  end(): void;
}

/** @param afterMs counted only while `isHeld` says no; looked at every 20 ms. */
export function patience(afterMs: number, isHeld: () => boolean): Patience {
  const controller = new AbortController();
  let leftMs = afterMs;
  let lookedAtMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    if (!isHeld()) leftMs -= nowMs - lookedAtMs;
    lookedAtMs = nowMs;
    if (leftMs > 0) return;
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
