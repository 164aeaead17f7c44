// Noticing that somebody set the clock: the instant at which the machine started moves by as much, and no
// sleep moves it.
//
// Invariant: what was set is told once, when it is durable: where the disk is full it is told later.

import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Ledger } from '../world/ledger.loop.js';

/** Less is no matter to deadlines, which are counted in days: a clock in another zone is off by hours. */
const SET_MS_MIN = 86_400_000;

/** @returns what notices it; resolves to whether the clock was set since it was called before. */
export function watchClock(deps: {
  readonly ledger: Pick<Ledger, 'append'>;
  readonly clock: Clock;
  /** Since the machine started, with what it slept. */
  readonly upMs: () => number;
  readonly log: Log;
}): () => Promise<boolean> {
  const { ledger, clock, upMs, log } = deps;
  const startedAtMs = (): number => clock.now().wallMs - upMs();
  let before = startedAtMs();
  return async () => {
    const now = startedAtMs();
    const byMs = Math.round(now - before);
    if (Math.abs(byMs) < SET_MS_MIN) {
      before = now;
      return false;
    }
    log.warn({ byMs }, 'the clock was set');
    await ledger.append([{ kind: 'clock.set', byMs }]);
    before = now;
    return true;
  };
}
