// How fast calls of strangers are taken up: a bucket that fills with time. Each costs the loop that guards a
// person a little, and not the stranger's own processor. What comes faster waits, whatever it asks.

/** An honest updater says twenty lines a second, and asks for next to nothing besides (ours). */
export const CALLS_PER_S = 200;
/** At once, after a silence. */
const BURST = 200;
const CALL_MS = 1_000 / CALLS_PER_S;
/** As many as may be open take so long: what was given up meanwhile keeps nobody waiting for longer. */
const WAIT_MS_MAX = 2_000;

export interface Talk {
  /** When the calls so far are paid off, at this rate. */
  readonly paidAtMs: number;
}

export const silence: Talk = { paidAtMs: Number.NEGATIVE_INFINITY };

/** Takes one call up; `waitMs`: how long it waits. */
export function takeUp(
  talk: Talk,
  nowMs: number,
): { readonly talk: Talk; readonly waitMs: number } {
  const burstMs = BURST * CALL_MS;
  const owedMs = Math.max(0, talk.paidAtMs - nowMs) + CALL_MS;
  const paidAtMs = nowMs + Math.min(owedMs, burstMs + WAIT_MS_MAX);
  return { talk: { paidAtMs }, waitMs: Math.max(0, paidAtMs - nowMs - burstMs) };
}
