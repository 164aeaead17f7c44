// Time that jumps from timer to timer. A lifetime's timers die with it, as a process's do.

import type { CancelTimer, Clock } from '../../runtime/clock.js';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly lifetime: Lifetime;
  readonly fn: () => void;
}

export interface Lifetime {
  over: boolean;
}

export class VirtualTime {
  private timers: Timer[] = [];
  private count = 0;
  private setByMs = 0;

  constructor(public nowMs: number) {}

  /** What the clock on the wall shows; `nowMs` is nobody's but the simulation's. */
  get wallMs(): number {
    return this.nowMs + this.setByMs;
  }

  /** Somebody sets the clock on the wall. No timer is moved by it. */
  setClock(byMs: number): void {
    this.setByMs += byMs;
  }

  after(delayMs: number, lifetime: Lifetime, fn: () => void): CancelTimer {
    // Whole milliseconds, as the journal has them.
    const atMs = this.nowMs + Math.ceil(Math.max(0, delayMs));
    const timer: Timer = { atMs, order: (this.count += 1), lifetime, fn };
    let at = this.timers.length;
    while (at > 0 && before(timer, this.timers[at - 1])) at -= 1;
    this.timers.splice(at, 0, timer);
    return () => {
      const index = this.timers.indexOf(timer);
      if (index >= 0) this.timers.splice(index, 1);
    };
  }

  /** The clock that one process sees. */
  clockOf(lifetime: Lifetime): Clock {
    const bootMs = this.nowMs;
    return {
      now: () => ({ wallMs: this.wallMs, monotonicMs: this.nowMs - bootMs + 1_000 }),
      after: (delayMs, fn) => this.after(delayMs, lifetime, fn),
    };
  }

  /** Goes to the next timer before `untilMs` and fires it; false when there is none. */
  step(untilMs: number): boolean {
    for (;;) {
      const [next] = this.timers;
      if (next === undefined || next.atMs > untilMs) {
        this.nowMs = Math.max(this.nowMs, untilMs);
        return false;
      }
      this.timers.shift();
      if (next.lifetime.over) continue;
      this.nowMs = next.atMs;
      next.fn();
      return true;
    }
  }
}

function before(a: Timer, b: Timer | undefined): boolean {
  return b !== undefined && (a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order));
}

/** Lets everything happen that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}
