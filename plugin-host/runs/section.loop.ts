// The critical section of one run: bounded, and told at every step.
//
//   closed ─enter─▶ open ─leave─▶ closed
//                    └─ its time is over ─▶ overrun ─leave─▶ closed
//
// Invariants:
//   S1. A section has one bound, from its first `enter` on: entering again prolongs nothing.
//   S2. What was entered is told to be left, or to have overrun; also when the run ends inside it.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { RunEvent } from './event.js';

type State =
  | { readonly kind: 'closed' }
  | { readonly kind: 'open'; readonly sinceMs: number; readonly cancel: CancelTimer }
  | { readonly kind: 'overrun' };

export class Section {
  private state: State = { kind: 'closed' };

  constructor(
    private readonly deps: {
      readonly clock: Clock;
      readonly emit: (event: RunEvent) => void;
      readonly onOverrun: (msMax: number) => void;
    },
  ) {}

  /** Whether the run is inside, and so is not to be frozen. */
  get entered(): boolean {
    return this.state.kind !== 'closed';
  }

  enter(why: string, msMax: number): void {
    if (this.state.kind !== 'closed') return; // S1
    const { clock, emit } = this.deps;
    const cancel = clock.after(msMax, () => {
      this.overrun(why, msMax);
    });
    this.state = { kind: 'open', sinceMs: clock.now().monotonicMs, cancel };
    emit({ kind: 'critical', entered: true, why, lastedMs: 0, overrun: false });
  }

  leave(): void {
    const { state } = this;
    this.state = { kind: 'closed' };
    if (state.kind !== 'open') return;
    state.cancel();
    const lastedMs = this.sinceMs(state);
    this.deps.emit({ kind: 'critical', entered: false, why: '', lastedMs, overrun: false }); // S2
  }

  private overrun(why: string, msMax: number): void {
    if (this.state.kind !== 'open') return;
    const lastedMs = this.sinceMs(this.state);
    this.state = { kind: 'overrun' };
    this.deps.emit({ kind: 'critical', entered: false, why, lastedMs, overrun: true }); // S2
    this.deps.onOverrun(msMax);
  }

  private sinceMs({ sinceMs }: { readonly sinceMs: number }): number {
    return Math.round(this.deps.clock.now().monotonicMs - sinceMs);
  }
}
