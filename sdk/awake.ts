// A time limit that stands still while the process is frozen.
//
// A frozen updater may be thawed hours later, when every ordinary timer fires at once. So the time
// is counted in ticks, and a tick counts for no more than it would take an awake process.

const TICK_MS = 100;

/** Calls `onLate` once after `limitMs` of awake time. Returns what cancels it. */
export function whenAwakeFor(limitMs: number, onLate: () => void): () => void {
  let awakeMs = 0;
  let lastAt = performance.now();
  const timer = setInterval(() => {
    const at = performance.now();
    awakeMs += Math.min(at - lastAt, 2 * TICK_MS);
    lastAt = at;
    if (awakeMs < limitMs) return;
    clearInterval(timer);
    onLate();
  }, TICK_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}
