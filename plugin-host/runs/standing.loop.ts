// One stretch in which a run stands, frozen or throttled: how long it took and what CPU it used.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import type { RunEvent } from './event.js';

/**
 * CPU while frozen is counted from when the kernel has confirmed the freeze: a call that was in the
 * kernel at the write ends there, and on a busy machine a process waits for a processor in order to
 * stop. Its accounting lags by a tick.
 */
const SETTLE_MS = 50;
const SETTLES_MAX = 20;

export class Standing {
  private readonly sinceMs: number;
  private settledCpuUs: number;
  private cancelSettling: CancelTimer = () => undefined;

  constructor(
    private readonly clock: Clock,
    private readonly sandbox: Pick<Sandbox, 'cpuUs' | 'isStill'> | undefined,
    rung: 'free' | 'throttled' | 'frozen',
  ) {
    this.sinceMs = clock.now().monotonicMs;
    this.settledCpuUs = this.cpuUs();
    if (rung === 'frozen') this.settle(SETTLES_MAX);
  }

  /** Ends it. @returns what there is to tell of it. */
  end(as: 'thawed' | 'unthrottled'): RunEvent {
    this.close();
    const lastedMs = Math.round(this.clock.now().monotonicMs - this.sinceMs);
    const usedUs = Math.max(0, this.cpuUs() - this.settledCpuUs);
    return as === 'thawed'
      ? { kind: 'thawed', frozenMs: lastedMs, cpuUsWhileFrozen: usedUs }
      : { kind: 'unthrottled', throttledMs: lastedMs, cpuUsWhileThrottled: usedUs };
  }

  close(): void {
    this.cancelSettling();
  }

  private settle(looksLeft: number): void {
    // Asked before the look: what was still then has used all that it will.
    const still = this.sandbox?.isStill() ?? true;
    this.cancelSettling = this.clock.after(SETTLE_MS, () => {
      this.settledCpuUs = this.cpuUs();
      if (!still && looksLeft > 0) this.settle(looksLeft - 1);
    });
  }

  private cpuUs(): number {
    return this.sandbox?.cpuUs() ?? 0;
  }
}
