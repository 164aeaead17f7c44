// How a run comes to an end that it did not choose.
//
//   told to end ─▶ in a section: wait for its end ─▶ SIGTERM ─▶ it ends, or its grace is over ─▶ killed
//        └─ frozen, without a sandbox, not trusted any more, or deaf to SIGTERM ─────────────────▶ killed
//
// Invariants:
//   N1. The first outcome stands; what comes after it changes nothing but the haste.
//   N2. Every wait is bounded: of a section by its own bound, or by ours when Lull stops.
//   N3. Nothing is thawed in order to say goodbye: a person is there.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import type { Outcome } from './event.js';
import type { Haste } from './haste.js';

/** The contract's. */
const GRACE_MS = 5_000;
/** After a section that had no end (unattended-upgrades). */
const OVERRUN_GRACE_MS = 30_000;
/** A section that is open when Lull stops; logind and systemd give more than this and the grace. */
const SHUT_DOWN_MS = 5_000;

export class Ending {
  private outcome: Outcome | undefined;
  private terminated = false;
  private cancel: CancelTimer = () => undefined;
  private killed = false;

  constructor(
    private readonly deps: {
      readonly clock: Clock;
      readonly sandbox: () => Sandbox | undefined;
      readonly isFrozen: () => boolean;
      readonly isInSection: () => boolean;
      readonly kill: () => void;
    },
  ) {}

  get verdict(): Outcome | undefined {
    return this.outcome;
  }

  end(outcome: Outcome, haste: Haste): void {
    this.outcome ??= outcome; // N1
    switch (haste) {
      case 'at-once':
        this.kill();
        return;
      case 'overrun':
        this.terminate(OVERRUN_GRACE_MS);
        return;
      case 'shutting-down':
        this.step();
        if (!this.terminated && !this.killed) {
          this.after(SHUT_DOWN_MS, () => {
            this.terminate(GRACE_MS);
          }); // N2
        }
        return;
      case 'gentle':
        this.step();
    }
  }

  /** Something has changed: was it frozen, has it left its section? */
  step(): void {
    if (this.outcome === undefined || this.killed) return;
    if (this.deps.sandbox() === undefined || this.deps.isFrozen())
      this.kill(); // N3
    else if (!this.deps.isInSection()) this.terminate(GRACE_MS);
  }

  private terminate(graceMs: number): void {
    if (this.terminated || this.killed) return;
    this.terminated = true;
    if (this.deps.sandbox()?.terminate() !== true) this.kill();
    else
      this.after(graceMs, () => {
        this.kill();
      });
  }

  private after(delayMs: number, then: () => void): void {
    this.cancel();
    this.cancel = this.deps.clock.after(delayMs, then);
  }

  private kill(): void {
    if (this.killed) return;
    this.killed = true;
    this.cancel();
    this.deps.kill();
  }
}
