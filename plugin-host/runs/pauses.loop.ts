// The pauses of one run: freezing and thawing its sandbox, and everything that stands still with it.
//
// Invariants:
//   P1. `hold` freezes before it returns: one write, no await. What it reports comes afterwards.
//   P2. The sandbox is thawed only when nothing holds the run any more.
//   P3. While the run is frozen its time limit stands still and the host does nothing for it.

import type { ReasonCode } from '../../conditions/reason.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import type { RunEvent } from './event.js';
import {
  codesOf,
  noHolds,
  permitted,
  renewed,
  withHold,
  type HoldKind,
  type Holds,
} from './holds.js';
import { hold, start, stopped, usedMs } from './stopwatch.js';

/**
 * CPU used while frozen is counted from here on: a call that was in the kernel at the write ends
 * there, and the kernel's own accounting of it lags by a tick.
 */
const SETTLE_MS = 50;

export class RunOverError extends Error {
  constructor() {
    super('the run is over');
    this.name = 'RunOverError';
  }
}

interface Freeze {
  readonly sinceMs: number;
  settledCpuUs: number;
  readonly cancelSettling: CancelTimer;
}

export class Pauses {
  private holds: Holds = noHolds;
  private sandbox: Sandbox | undefined;
  private freeze: Freeze | undefined;
  private watch = stopped;
  private cancelLimit: CancelTimer = () => undefined;
  private waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  private over = false;

  constructor(
    private readonly deps: {
      readonly clock: Clock;
      readonly runMsMax: number;
      readonly emit: (event: RunEvent) => void;
      readonly onTimeLimit: () => void;
    },
  ) {}

  get frozen(): boolean {
    return this.holds.size > 0;
  }

  /** From now on there is something to freeze; frozen at once if the run is held. */
  attach(sandbox: Sandbox): void {
    this.sandbox = sandbox;
    if (this.frozen) sandbox.freeze();
    else this.go();
  }

  /** Holds the run. `edgeNs`: when the sensor saw the cause, on CLOCK_MONOTONIC. */
  hold(kind: HoldKind, codes: readonly ReasonCode[], edgeNs?: bigint): void {
    if (this.over) return;
    const was = this.frozen;
    if (!was) this.sandbox?.freeze(); // P1
    const doneNs = process.hrtime.bigint();
    this.holds = withHold(this.holds, kind, codes);
    if (was) return;
    this.stand(edgeNs === undefined ? undefined : doneNs - edgeNs);
  }

  renewLease(): void {
    this.letGo(renewed(this.holds));
  }

  /** The orchestrator's permission; the guard's present objections may still hold the run. */
  permit(guardObjections: readonly ReasonCode[]): void {
    this.letGo(permitted(this.holds, guardObjections));
    // The permission crossed a broken guard: say again why it stays as it is.
    if (this.frozen) this.report(undefined);
  }

  /** Resolves while nothing holds the run. @throws RunOverError */
  thawed(): Promise<void> {
    if (this.over) return Promise.reject(new RunOverError());
    if (!this.frozen) return Promise.resolve();
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  /** The run is over; whoever waits is told. Idempotent. */
  close(): void {
    this.over = true;
    this.cancelLimit();
    this.freeze?.cancelSettling();
    for (const { reject } of this.waiting.splice(0)) reject(new RunOverError());
  }

  private stand(reactionNs: bigint | undefined): void {
    const { clock } = this.deps;
    const now = clock.now().monotonicMs;
    this.watch = hold(this.watch, now);
    this.cancelLimit();
    const freeze: Freeze = {
      sinceMs: now,
      settledCpuUs: this.sandbox?.cpuUs() ?? 0,
      cancelSettling: clock.after(SETTLE_MS, () => {
        freeze.settledCpuUs = this.sandbox?.cpuUs() ?? 0;
      }),
    };
    this.freeze = freeze;
    this.report(reactionNs);
  }

  private report(reactionNs: bigint | undefined): void {
    this.deps.emit({
      kind: 'frozen',
      reasons: codesOf(this.holds),
      cpuUs: this.sandbox?.cpuUs() ?? 0,
      ...(reactionNs === undefined ? {} : { reactionNs }),
    });
  }

  private letGo(holds: Holds): void {
    const was = this.frozen;
    this.holds = holds;
    if (!was || holds.size > 0 || this.over) return; // P2
    const { freeze } = this;
    if (freeze !== undefined) {
      freeze.cancelSettling();
      this.deps.emit({
        kind: 'thawed',
        frozenMs: Math.round(this.deps.clock.now().monotonicMs - freeze.sinceMs),
        cpuUsWhileFrozen: Math.max(0, (this.sandbox?.cpuUs() ?? 0) - freeze.settledCpuUs),
      });
    }
    this.freeze = undefined;
    this.sandbox?.thaw();
    if (this.sandbox !== undefined) this.go();
    for (const { resolve } of this.waiting.splice(0)) resolve();
  }

  private go(): void {
    const { clock, runMsMax, onTimeLimit } = this.deps;
    const now = clock.now().monotonicMs;
    this.watch = start(this.watch, now);
    this.cancelLimit = clock.after(runMsMax - usedMs(this.watch, now), onTimeLimit);
  }
}
