// Time that a test moves by hand. Nothing outside tests imports it.

import type { CancelTimer, Clock, Now } from './clock.js';

export class VirtualClock implements Clock {
  private elapsedMs = 0;
  private setMs = 0;
  private readonly timers = new Set<{ readonly atMs: number; readonly fn: () => void }>();

  constructor(private readonly startWallMs = Date.UTC(2030, 0, 1)) {}

  now(): Now {
    return {
      wallMs: this.startWallMs + this.setMs + this.elapsedMs,
      monotonicMs: 5_000 + this.elapsedMs,
    };
  }

  after(delayMs: number, fn: () => void): CancelTimer {
    const timer = { atMs: this.elapsedMs + Math.max(0, delayMs), fn };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  /** Sets the clock on the wall by so much, forward or back. No time passes. */
  set(byMs: number): void {
    this.setMs += byMs;
  }

  /** Lets `ms` pass, firing what becomes due in its order, each at its own instant. */
  advance(ms: number): void {
    const untilMs = this.elapsedMs + ms;
    for (let next = this.earliest(untilMs); next !== undefined; next = this.earliest(untilMs)) {
      this.timers.delete(next);
      this.elapsedMs = next.atMs;
      next.fn();
    }
    this.elapsedMs = untilMs;
  }

  private earliest(untilMs: number) {
    return [...this.timers]
      .filter(({ atMs }) => atMs <= untilMs)
      .sort((a, b) => a.atMs - b.atMs)
      .at(0);
  }
}
