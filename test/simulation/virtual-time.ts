// Time that jumps from timer to timer. A lifetime's timers die with it, as a process's do.

import type { CancelTimer, Clock } from '../../runtime/clock.js';

/** Turns at one instant: a few edges each take some. */
const TURNS_MAX = 1_000;

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
  private readonly turns: (() => void)[] = [];
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

  /** Calls `fn` when everything before it has happened, at the same instant. */
  soon(fn: () => void): void {
    this.turns.push(fn);
  }

  /** Lets everything happen that waits for nothing but its turn. */
  async settle(): Promise<void> {
    await promisesKept();
    let count = 0;
    for (let turn = this.turns.shift(); turn !== undefined; turn = this.turns.shift()) {
      turn();
      await promisesKept();
      count += 1;
      if (count > TURNS_MAX) throw new Error('at this instant there is always another turn');
    }
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

/**
 * Resolves when no promise has anything left to do. A tick that is asked for by a promise's callback
 * comes when all of those have run, and without a round of the event loop, which costs more than most
 * of what happens here.
 */
async function promisesKept(): Promise<void> {
  await Promise.resolve();
  await new Promise<void>((resolve) => {
    process.nextTick(resolve);
  });
}

function before(a: Timer, b: Timer | undefined): boolean {
  return b !== undefined && (a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order));
}
