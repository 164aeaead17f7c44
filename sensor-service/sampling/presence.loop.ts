// Keeps presence: takes what providers say, folds it, and publishes every edge in the same tick.
//
// The one provider so far is the report from outside. A provider of the machine's own signals adds
// its PresenceSignal to the fold and calls `publish` with the instant at which it saw the edge.
//
// Invariant: what is published is folded at that moment; no report outlives its time because a timer
// was late.

import type { Reading } from '../../conditions/reading.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { foldPresence } from '../reading/presence.js';
import {
  afterReport,
  reportedSignals,
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

  close(): void {
    this.cancelTimer();
  }

  private publish(observedMonotonicNs: bigint): Reading {
    const now = this.deps.clock.now();
    const presence = foldPresence(reportedSignals(unexpired(this.reported, now)));
    const reading: Reading = {
      signal: 'presence',
      instance: '',
      observedAtMs: now.wallMs,
      observedMonotonicNs,
      ...presence,
    };
    this.deps.publish(reading);
    return reading;
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
