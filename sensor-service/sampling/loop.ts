// The shared cadence at which the machine is measured.
//
// Asleep until somebody holds it; then one round at once, a second one soon after (a share of time
// needs two), and from then on one after another until the last holder lets go.
//
//   rest  nothing waits: edges only, seldom.   wait  an update waits.   run  something is guarded.
//
// Invariants:
//   L1. However many hold it, there is one cadence, that of the fastest; no slow probe holds it up.
//   L2. `measured` and `settled` always resolve: when what was asked has been told, which is bounded, or
//       when the loop closes.
//   L3. Whoever wants levels gets none from before a rest.

import type { Reading } from '../../conditions/reading.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { readingsOf } from '../reading/measurement.js';
import { createJumps } from './jumps.js';
import { createRounds, type ProbeDeps, type Rounds } from './round.loop.js';

/** How soon the second round follows the first: long enough for counters in steps of 10 ms. */
const SECOND_ROUND_AFTER_MS = 250;

/** From the slowest to the fastest. */
const paces = ['rest', 'wait', 'run'] as const;
export type Pace = (typeof paces)[number];

/**
 * What has no signal is looked for all the same, for who watches and for the rhythm (ours). Nothing is
 * decided on it: once something waits, everything is measured before it is told.
 */
const REST_EVERY_MS = 60_000;
/**
 * A reaction is felt within about a tenth of a second. Two rounds are what passes between two heartbeats
 * of whoever guards a run: these then ride with a round, and wake nobody.
 */
const RUN_EVERY_MS = 90;
/** After load began: the shortest time over which it can be told from noise. */
const AGAIN_MS = 52;

/** Probes of shares are asked at least so often. */
const SHARE_EVERY_MS_MAX = 2_000;

interface Hold {
  /** Resolves when every probe has been asked since the loop woke. */
  readonly measured: Promise<void>;
  /** Resolves when shares of time have a value too. */
  readonly settled: Promise<void>;
  release(): void;
}

interface SamplingDeps extends ProbeDeps {
  readonly clock: Clock;
  /** While an update waits. */
  readonly everyMs: number;
  readonly publish: (readings: readonly Reading[]) => void;
}

/** One stretch of being awake. */
interface Waking {
  which: 'all' | 'edges';
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
  private readonly jumpedIn = createJumps();
  /** Load began in this round: it is looked at again before the next one is due. */
  private jumped = false;
  private readonly holders: Record<Pace, number> = { rest: 0, wait: 0, run: 0 };
  private waking: Waking | undefined;
  private closed = false;

  constructor(private readonly deps: SamplingDeps) {
    this.rounds = createRounds({
      ...deps,
      tell: (measured, at) => {
        if (this.closed) return;
        this.jumped = this.jumpedIn(measured) || this.jumped;
        deps.publish(readingsOf(measured, at));
      },
    });
  }

  hold(pace: Pace = 'wait'): Hold {
    const before = this.pace();
    this.holders[pace] += 1;
    const waking = this.wakingFor(pace, before);
    let held = true;
    return {
      measured: waking.measured.passed,
      settled: waking.settled.passed,
      release: () => {
        if (!held) return;
        held = false;
        this.holders[pace] -= 1;
        if (this.pace() === undefined) this.sleep();
        else if (this.pace() === 'rest' && this.waking !== undefined) this.waking.which = 'edges';
      },
    };
  }

  /** Makes everything due: something is asked for that was not before. */
  expire(): void {
    this.rounds.expire();
    if (this.waking !== undefined) this.turn(this.waking);
  }

  close(): void {
    this.closed = true;
    this.sleep();
  }

  private pace(): Pace | undefined {
    return paces.findLast((pace) => this.holders[pace] > 0);
  }

  /** The stretch of being awake that serves `pace`, begun anew where it wants more than the others. */
  private wakingFor(pace: Pace, before: Pace | undefined): Waking {
    if (this.waking === undefined) return this.wake(pace === 'rest' ? 'edges' : 'all');
    if (pace !== 'rest' && this.waking.which === 'edges') {
      this.sleep();
      return this.wake('all'); // L3
    }
    if (pace === 'run' && before !== 'run') this.schedule(this.waking);
    return this.waking;
  }

  private wake(which: Waking['which']): Waking {
    const waking: Waking = {
      which,
      measured: createGate(),
      settled: createGate(),
      rounds: 0,
      cancelTimer: () => undefined,
    };
    if (this.closed) {
      openGates(waking);
      return waking;
    }
    this.waking = waking;
    this.rounds.expire();
    this.turn(waking);
    return waking;
  }

  private sleep(): void {
    const waking = this.waking;
    this.waking = undefined;
    if (waking === undefined) return;
    waking.cancelTimer();
    openGates(waking); // L2
  }

  private turn(waking: Waking): void {
    // Shares of time need two looks, also those that are seldom taken.
    if (waking.rounds === 1) this.rounds.expire(SHARE_EVERY_MS_MAX);
    this.rounds.measure(this.deps.clock.now(), waking.which);
    waking.rounds += 1;
    if (waking === this.waking) this.schedule(waking);
    const gate = [waking.measured, waking.settled][waking.rounds - 1];
    if (gate !== undefined) void this.rounds.answered().then(gate.open);
  }

  private schedule(waking: Waking): void {
    waking.cancelTimer();
    const everyMs = this.everyMs();
    const delayMs = waking.rounds === 1 ? Math.min(SECOND_ROUND_AFTER_MS, everyMs) : everyMs;
    const soon = this.jumped && this.pace() === 'run' ? AGAIN_MS : delayMs;
    this.jumped = false;
    waking.cancelTimer = this.deps.clock.after(Math.min(soon, delayMs), () => {
      this.turn(waking);
    });
  }

  private everyMs(): number {
    switch (this.pace()) {
      case 'run':
        return Math.min(RUN_EVERY_MS, this.deps.everyMs);
      case 'wait':
        return this.deps.everyMs;
      case 'rest':
      case undefined:
        return Math.max(REST_EVERY_MS, this.deps.everyMs);
    }
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
