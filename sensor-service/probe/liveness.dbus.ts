// Whether the owner of a name still answers. One that hangs sends no signals: only asking tells it from
// one with nothing to say.
//
// Invariants:
//   L1. Silence is noticed within `everyMs` and one deadline, and within `CHECK_MS_MAX` of a `check`.
//   L2. One check is under way at a time.
//   L3. What was late is the other side: an answer that lies ready is read before it is called late.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import { untilInStep } from '../../runtime/in-step.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { isSilence } from './followed.dbus.js';

/** With the time between two checks, half a second: what counts as a silence while a run is on. */
const CHECK_MS_MAX = 220;

interface LivenessDeps {
  readonly clock: Clock;
  readonly everyMs: number;
  readonly ping: (done: (error: Error | undefined) => void) => void;
  readonly silent: () => void;
  readonly answers: () => void;
}

export class Liveness implements Closeable {
  private cancelPing: CancelTimer = () => undefined;
  private cancelLate: CancelTimer = () => undefined;
  private armed = false;
  private checking = false;
  private closed = false;

  constructor(private readonly deps: LivenessDeps) {
    this.arm();
  }

  /** Asks at once, and takes no answer within `CHECK_MS_MAX` for silence. */
  check(): void {
    if (this.checking || this.closed) return; // L2
    this.checking = true;
    this.cancelLate = this.deps.clock.after(CHECK_MS_MAX, () => {
      setImmediate(() => {
        if (this.checking && !this.closed) this.deps.silent(); // L3
      });
    });
    this.ask();
  }

  close(): void {
    this.closed = true;
    this.cancelPing();
    this.cancelLate();
  }

  /** What rings in step rings at the same instant however often it is set. */
  private arm(): void {
    if (this.armed) return;
    this.armed = true;
    const delayMs = untilInStep(this.deps.everyMs, this.deps.clock.now().monotonicMs);
    this.cancelPing = this.deps.clock.after(delayMs, () => {
      this.armed = false;
      this.ask();
    });
  }

  private ask(): void {
    this.deps.ping((error) => {
      if (this.closed) return;
      this.cancelLate();
      this.checking = false;
      this.arm();
      if (isSilence(error)) this.deps.silent();
      else this.deps.answers();
    });
  }
}
