// The shared cadence at which the machine is measured.
//
// Asleep until somebody holds it; then one round at once, a second one soon after (a share of time
// needs two), and from then on one every `everyMs` until the last holder lets go.
//
// Invariants:
//   L1. However many hold it, there is one cadence and at most one round at a time.
//   L2. `measured` and `settled` always resolve: after a bounded round, or when the loop closes.

import type { Reading } from '../../conditions/reading.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { toReading } from '../reading/measurement.js';
import { createRounds, type RoundDeps, type Rounds } from './round.loop.js';

/** How soon the second round follows the first: long enough for counters in steps of 10 ms. */
const SECOND_ROUND_AFTER_MS = 250;

interface Hold {
  /** Resolves when every probe has been asked since the loop woke. */
  readonly measured: Promise<void>;
  /** Resolves when shares of time have a value too. */
  readonly settled: Promise<void>;
  release(): void;
}

interface SamplingDeps extends RoundDeps {
  readonly clock: Clock;
  readonly everyMs: number;
  readonly publish: (readings: Reading[]) => void;
}

/** One stretch of being awake. */
interface Waking {
  readonly measured: Gate;
  readonly settled: Gate;
  rounds: number;
  cancelTimer: CancelTimer;
}

interface Gate {
  readonly passed: Promise<void>;
  readonly open: () => void;
}

export class SamplingLoop implements Closeable {
  private readonly rounds: Rounds;
  private holders = 0;
  private waking: Waking | undefined;
  private round: Promise<void> | undefined;
  private closed = false;

  constructor(private readonly deps: SamplingDeps) {
    this.rounds = createRounds(deps);
  }

  hold(): Hold {
    this.holders += 1;
    const waking = (this.waking ??= this.wake());
    let held = true;
    return {
      measured: waking.measured.passed,
      settled: waking.settled.passed,
      release: () => {
        if (!held) return;
        held = false;
        this.holders -= 1;
        if (this.holders === 0) this.sleep();
      },
    };
  }

  close(): void {
    this.closed = true;
    this.sleep();
  }

  private wake(): Waking {
    const waking: Waking = {
      measured: createGate(),
      settled: createGate(),
      rounds: 0,
      cancelTimer: () => undefined,
    };
    if (this.closed) {
      openGates(waking);
      return waking;
    }
    this.rounds.expire();
    void this.turn(waking);
    return waking;
  }

  private sleep(): void {
    const waking = this.waking;
    this.waking = undefined;
    if (waking === undefined) return;
    waking.cancelTimer();
    openGates(waking); // L2
  }

  private async turn(waking: Waking): Promise<void> {
    this.round ??= this.measure().finally(() => {
      this.round = undefined; // L1
    });
    await this.round;
    if (waking !== this.waking) return;
    waking.rounds += 1;
    waking.measured.open();
    if (waking.rounds > 1) waking.settled.open();
    const { clock, everyMs } = this.deps;
    const delayMs = waking.rounds === 1 ? Math.min(SECOND_ROUND_AFTER_MS, everyMs) : everyMs;
    waking.cancelTimer = clock.after(delayMs, () => void this.turn(waking));
  }

  private async measure(): Promise<void> {
    const at = this.deps.clock.now();
    const measured = await this.rounds.measure(at);
    if (this.closed) return;
    this.deps.publish(measured.map((measurement) => toReading(measurement, at)));
  }
}

function createGate(): Gate {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

function openGates(waking: Waking): void {
  waking.measured.open();
  waking.settled.open();
}
