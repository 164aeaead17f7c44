// One stretch in which a run stands, frozen or throttled: how long it took and what CPU it used.

import type { Clock } from '../../runtime/clock.js';
import type { RunEvent } from './event.js';
import { FreezeWatch, type Freezable } from './freeze-watch.loop.js';

export class Standing {
  private readonly sinceMs: number;
  private sandbox: Freezable | undefined;
  private usedAtFirstUs = 0;
  /** CPU while frozen is counted from when the kernel has confirmed the freeze. */
  private watch: FreezeWatch | undefined;

  constructor(
    private readonly clock: Clock,
    sandbox: Freezable | undefined,
    /** Told when what was frozen goes on; absent: it is throttled. */
    private readonly onGoesOn: (() => void) | undefined,
  ) {
    this.sinceMs = clock.now().monotonicMs;
    if (sandbox !== undefined) this.attach(sandbox);
  }

  /** There is a sandbox that stands, frozen or throttled just now. */
  attach(sandbox: Freezable): void {
    const { clock, onGoesOn } = this;
    this.close();
    this.sandbox = sandbox;
    this.usedAtFirstUs = sandbox.cpuUs();
    if (onGoesOn !== undefined) this.watch = new FreezeWatch({ clock, sandbox, onGoesOn });
  }

  /** Ends it. @returns what there is to tell of it. */
  end(as: 'thawed' | 'unthrottled'): RunEvent {
    this.close();
    const lastedMs = Math.round(this.clock.now().monotonicMs - this.sinceMs);
    const usedUs = Math.max(0, this.cpuUs() - (this.watch?.settledUs ?? this.usedAtFirstUs));
    return as === 'thawed'
      ? { kind: 'thawed', frozenMs: lastedMs, cpuUsWhileFrozen: usedUs }
      : { kind: 'unthrottled', throttledMs: lastedMs, cpuUsWhileThrottled: usedUs };
  }

  close(): void {
    this.watch?.close();
  }

  private cpuUs(): number {
    return this.sandbox?.cpuUs() ?? 0;
  }
}
