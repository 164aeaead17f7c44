// Keeps presence: takes what providers say, folds it, and publishes every edge in the same tick.
//
// A report from outside comes by `report`. A provider of the machine's own signals calls `sense` with
// its PresenceSignal and the instant at which it saw the edge.
//
// Invariant: what is published is folded at that moment; no report outlives its time because a timer
// was late.

import type { Reading } from '../../conditions/reading.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { onClockNow, withShift, type ClockShift } from '../reading/clock-shift.js';
import {
  foldPresence,
  type Place,
  type PresenceSignal,
  type Verdict,
} from '../reading/presence.js';
import {
  afterReport,
  reportedSignals,
  sooner,
  unexpired,
  type PresenceReport,
  type Reported,
} from '../reading/reported.js';

interface PresenceDeps {
  readonly clock: Clock;
  /** CLOCK_MONOTONIC, nanoseconds. */
  readonly monotonicNs: () => bigint;
  /** Tells everybody before it returns. */
  readonly publish: (reading: Reading) => void;
}

export class PresenceLoop implements Closeable {
  private reported: Reported | undefined;
  private readonly sensed = new Map<string, PresenceSignal>();
  private shifts: readonly ClockShift[] = [];
  private places: readonly Place[] = ['seat', 'terminals'];
  private cancelTimer: CancelTimer = () => undefined;

  constructor(private readonly deps: PresenceDeps) {
    this.publish(deps.monotonicNs());
  }

  /**
   * Takes a report and tells everybody what it makes of presence.
   * @param observedMonotonicNs when the report arrived.
   */
  report(report: PresenceReport, ttlMs: number | undefined, observedMonotonicNs: bigint): Reading {
    this.reported = afterReport(this.reported, report, ttlMs, this.deps.clock.now());
    const reading = this.publish(observedMonotonicNs);
    this.armTimer();
    return reading;
  }

  /**
   * Takes what a provider senses now, in the place of what it said before, and tells everybody.
   * @param observedMonotonicNs when the provider saw it.
   */
  sense(signal: PresenceSignal, observedMonotonicNs: bigint): void {
    const before = this.sensed.get(signal.provider);
    this.sensed.set(signal.provider, signal);
    if (before !== undefined && sameVerdict(before.verdict, signal.verdict)) return;
    this.publish(observedMonotonicNs);
  }

  /** Takes the places that this machine has: a server in a rack has no seat. */
  setPlaces(places: readonly Place[]): void {
    const same = places.join() === this.places.join();
    this.places = places;
    if (!same) this.publish(this.deps.monotonicNs());
  }

  /**
   * Takes a jump of the wall clock: every absence is counted anew, without it.
   * @param sleptMs for how long of it the machine slept: what was said for so long is over by then.
   */
  shiftClock(shift: ClockShift, sleptMs = 0): void {
    this.shifts = withShift(this.shifts, shift);
    this.reported = sooner(this.reported, sleptMs);
    this.publish(this.deps.monotonicNs());
    this.armTimer();
  }

  /** Where an instant noted earlier lies on the clock as it runs now. */
  onClockNow(instantMs: number): number {
    return onClockNow(instantMs, this.shifts, this.deps.clock.now().wallMs);
  }

  close(): void {
    this.cancelTimer();
  }

  private publish(observedMonotonicNs: bigint): Reading {
    const now = this.deps.clock.now();
    const signals = [...reportedSignals(unexpired(this.reported, now)), ...this.sensed.values()];
    const { value, source } = foldPresence(
      signals.map((signal) => this.moved(signal)),
      this.places,
    );
    const reading: Reading = {
      signal: 'presence',
      instance: '',
      observedAtMs: now.wallMs,
      observedMonotonicNs,
      source: this.places.includes('seat') ? source : `${source} (no seat here)`,
      value,
    };
    this.deps.publish(reading);
    return reading;
  }

  private moved(signal: PresenceSignal): PresenceSignal {
    if (signal.verdict.kind !== 'away' || signal.onClockNow === true) return signal;
    return {
      ...signal,
      verdict: { ...signal.verdict, sinceMs: this.onClockNow(signal.verdict.sinceMs) },
    };
  }

  private armTimer(): void {
    this.cancelTimer();
    const expiresAtMs = this.reported?.expiresAtMs;
    if (expiresAtMs === undefined) return;
    const { clock, monotonicNs } = this.deps;
    this.cancelTimer = clock.after(expiresAtMs - clock.now().monotonicMs, () => {
      this.reported = unexpired(this.reported, clock.now());
      this.publish(monotonicNs());
      this.armTimer();
    });
  }
}

function sameVerdict(a: Verdict, b: Verdict): boolean {
  if (a.kind === 'away') {
    return (
      b.kind === 'away' && a.sinceMs === b.sinceMs && a.locked === b.locked && a.dark === b.dark
    );
  }
  if (a.kind === 'unknown') return b.kind === 'unknown' && a.why === b.why;
  return a.kind === b.kind;
}
