// One stretch in which a run stands, frozen or throttled: how long it took and what CPU it used.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import type { RunEvent } from './event.js';

/**
 * CPU is counted from here on: a call that was in the kernel at the write ends there, and the
 * kernel's own accounting of it lags by a tick.
 */
const SETTLE_MS = 50;

export class Standing {
  private readonly sinceMs: number;
  private settledCpuUs: number;
  private readonly cancelSettling: CancelTimer;

  constructor(
    private readonly clock: Clock,
    private readonly sandbox: Pick<Sandbox, 'cpuUs'> | undefined,
  ) {
    this.sinceMs = clock.now().monotonicMs;
    this.settledCpuUs = this.cpuUs();
    this.cancelSettling = clock.after(SETTLE_MS, () => {
      this.settledCpuUs = this.cpuUs();
    });
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

  private cpuUs(): number {
    return this.sandbox?.cpuUs() ?? 0;
  }
}
