// The pauses of one run: the rungs on which it stands while something holds it, and everything that
// stands still with it.
//
//            ┌── no section, nobody to ask ──────────────────────────────┐
//   free ─hold─▶ throttled ─ section left, or asked and answered or late ─▶ frozen
//     ▲              │                                                       │
//     └── released ──┴───────────────────────────────────────────────────────┘
//
// Invariants:
//   P1. `hold` throttles or freezes before it returns: a write or two, no await. What it reports comes
//       afterwards.
//   P2. The sandbox is let go only when nothing holds the run any more.
//   P3. While the run is held its time limit stands still. While it is frozen the host does nothing
//       for it; while it is throttled, only what brings it to the end of its section.
//   P4. A run that is held enters no section.

import type { ReasonCode } from '../../conditions/reason.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import { newPass } from '../trees/pass.js';
import { setPass } from '../trees/pass.loop.js';
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
import type { Pausable } from './pausable.js';
import type { Section } from './section.loop.js';
import { Standing } from './standing.loop.js';
import { hold, start, stopped, usedMs } from './stopwatch.js';
import { Waiters } from './waiters.js';

/** For a safe point. With the reaction itself it stays below the 2 s that Windows promises. */
export const ASKED_MS_MAX = 1_500;

type Rung = 'free' | 'throttled' | 'frozen';

export class Pauses {
  private holds: Holds = noHolds;
  private sandbox: Sandbox | undefined;
  private pausable: Pausable | undefined;
  private asking: { readonly cancel: CancelTimer } | undefined;
  private asked = false;
  private slowed = false;
  private rung: Rung = 'free';
  private standing: Standing | undefined;
  private usedBeforeUs = 0;
  private watch = stopped;
  private cancelLimit: CancelTimer = () => undefined;
  private readonly waiters = new Waiters();
  /** Set in the turn in which it is frozen (P3). */
  readonly pass = newPass();

  constructor(
    private readonly deps: {
      readonly clock: Clock;
      readonly section: Section;
      readonly runMsMax: number;
      readonly emit: (event: RunEvent) => void;
      readonly onTimeLimit: () => void;
      /** Told when it was frozen, and when it has left its section. */
      readonly onStep: () => void;
      /** Told when what was frozen goes on. */
      readonly onGoesOn: () => void;
    },
  ) {}

  get held(): boolean {
    return this.holds.size > 0;
  }

  get frozen(): boolean {
    return this.rung === 'frozen';
  }

  /** From now on there is something to freeze; frozen at once if the run is held. */
  attach(sandbox: Sandbox): void {
    this.sandbox = sandbox;
    // A launch may have served other runs before.
    this.usedBeforeUs = sandbox.cpuUs();
    if (this.frozen) {
      sandbox.freeze();
      this.standing?.attach(sandbox);
    } else this.go();
  }

  /** From now on it is asked before it is frozen. */
  offer(pausable: Pausable): void {
    this.pausable = pausable;
  }

  /** Holds the run. `edgeNs`: when the sensor saw the cause, on CLOCK_MONOTONIC; asked afterwards. */
  hold(kind: HoldKind, codes: readonly ReasonCode[], edgeNs?: () => bigint | undefined): void {
    if (this.waiters.over) return;
    const was = this.held;
    if (!was) this.stepDown(); // P1
    const doneNs = process.hrtime.bigint();
    this.holds = withHold(this.holds, kind, codes);
    if (was) return;
    // Where there is nothing yet, nothing was stopped, however fast.
    const sinceNs = this.sandbox === undefined ? undefined : edgeNs?.();
    this.stand(sinceNs === undefined ? undefined : doneNs - sinceNs);
    if (this.rung === 'throttled' && !this.deps.section.entered) this.ask();
  }

  renewLease(): void {
    this.letGo(renewed(this.holds));
  }

  /** The orchestrator's permission; the guard's present objections may still hold the run. */
  permit(guardObjections: readonly ReasonCode[]): void {
    this.letGo(permitted(this.holds, guardObjections));
    // The permission crossed a broken guard: say again why it stays as it is.
    if (this.held) this.report(undefined);
  }

  /** Resolves unless the run is frozen. @throws RunOverError */
  thawed(): Promise<void> {
    return this.waiters.until(() => !this.frozen);
  }

  /** Resolves while nothing holds the run. @throws RunOverError */
  released(): Promise<void> {
    return this.waiters.until(() => !this.held);
  }

  /** @throws RunOverError */
  async enterSection(why: string, msMax: number): Promise<void> {
    do await this.released();
    while (this.held); // P4
    this.deps.section.enter(why, msMax);
  }

  leaveSection(): void {
    this.deps.section.leave();
    if (this.held) this.freezeAfterAll();
    this.deps.onStep();
  }

  /** The run is over; whoever waits is told. Idempotent. */
  close(): void {
    if (this.waiters.over) return;
    this.deps.section.leave();
    this.cancelLimit();
    this.asking?.cancel();
    this.standing?.close();
    this.waiters.close();
    setPass(this.pass, 'over');
  }

  /** One step from free: as far down as it may go without a word. */
  private stepDown(): void {
    const askFirst = this.pausable !== undefined && this.sandbox !== undefined;
    if (this.deps.section.entered || askFirst) {
      this.rung = 'throttled';
      this.sandbox?.throttle();
      this.slowed = true;
    } else this.freeze();
  }

  private freeze(): void {
    this.rung = 'frozen';
    this.sandbox?.freeze();
    setPass(this.pass, 'frozen');
  }

  private stand(reactionNs: bigint | undefined): void {
    const { clock, onStep } = this.deps;
    this.watch = hold(this.watch, clock.now().monotonicMs);
    this.cancelLimit();
    this.standing = this.stands();
    this.report(reactionNs);
    if (this.frozen) onStep();
  }

  private stands(): Standing {
    const { clock, onGoesOn } = this.deps;
    return new Standing(clock, this.sandbox, this.frozen ? onGoesOn : undefined);
  }

  private ask(): void {
    const { clock } = this.deps;
    const asking = {
      cancel: clock.after(ASKED_MS_MAX, () => {
        settle();
      }),
    };
    const settle = (): void => {
      if (this.asking !== asking) return;
      asking.cancel();
      this.asking = undefined;
      this.freezeAfterAll();
      this.deps.onStep();
    };
    this.asking = asking;
    this.asked = true;
    // One that cannot come to a safe point is frozen where it is, as if it had not been asked.
    this.pausable?.pause(ASKED_MS_MAX).then(settle, settle);
  }

  private freezeAfterAll(): void {
    if (this.rung !== 'throttled' || this.waiters.over) return;
    this.freeze();
    this.standing?.close();
    this.standing = this.stands();
    this.report(undefined);
  }

  private report(reactionNs: bigint | undefined): void {
    this.deps.emit({
      kind: this.frozen ? 'frozen' : 'throttled',
      reasons: codesOf(this.holds),
      cpuUs: (this.sandbox?.cpuUs() ?? 0) - this.usedBeforeUs,
      ...(reactionNs === undefined ? {} : { reactionNs }),
    });
  }

  private letGo(holds: Holds): void {
    const was = this.held;
    this.holds = holds;
    if (!was || holds.size > 0 || this.waiters.over) return; // P2
    const end = this.standing?.end(this.frozen ? 'thawed' : 'unthrottled');
    if (end !== undefined) this.deps.emit(end);
    this.standing = undefined;
    this.asking?.cancel();
    this.asking = undefined;
    this.rung = 'free';
    if (this.slowed) this.sandbox?.unthrottle();
    this.slowed = false;
    this.sandbox?.thaw();
    if (this.sandbox !== undefined) this.go();
    if (this.asked) void this.pausable?.resume();
    this.asked = false;
    setPass(this.pass, 'open');
    this.waiters.wake();
  }

  private go(): void {
    const { clock, runMsMax, onTimeLimit } = this.deps;
    const now = clock.now().monotonicMs;
    this.watch = start(this.watch, now);
    this.cancelLimit = clock.after(runMsMax - usedMs(this.watch, now), onTimeLimit);
  }
}
