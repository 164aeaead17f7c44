/**
 * Runs `rest` behind whoever guards a run. What was written in this tick leaves when it is over, in the
 * first turn; where the guard lives in the same process it reads that, and freezes, before the second.
 */
export function behindGuards(rest: () => void): void {
  setImmediate(() => {
    setImmediate(rest);
  });
}
