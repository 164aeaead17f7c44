// Keeps what was said by `Inhibit`, tells everybody at once, and ends each in its time.

import { randomUUID } from 'node:crypto';
import type { Reading } from '../../conditions/reading.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Closeable } from '../../runtime/shutdown.js';
import {
  inhibitedBy,
  unexpiredInhibitions,
  withInhibition,
  type Inhibition,
  type Inhibitions,
} from '../reading/inhibit.js';
import { toReading } from '../reading/measurement.js';

interface InhibitDeps {
  readonly clock: Clock;
  /** Tells everybody before it returns. */
  readonly publish: (readings: readonly Reading[]) => void;
}

export class InhibitLoop implements Closeable {
  private standing: Inhibitions = [];
  private cancelTimer: CancelTimer = () => undefined;

  constructor(private readonly deps: InhibitDeps) {
    this.settle();
  }

  /** @returns what stands now, or undefined when too many stand already. */
  inhibit(owner: string, why: string, forMs: number): Inhibition | undefined {
    const asked = { id: randomUUID(), owner, why, forMs };
    const after = withInhibition(this.standing, asked, this.deps.clock.now());
    if (after === undefined) return undefined;
    this.standing = after.all;
    this.settle();
    return after.made;
  }

  /** @returns whether there was one; releasing twice is no mistake. */
  release(id: string): boolean {
    const before = this.standing.length;
    this.standing = this.standing.filter((each) => each.id !== id);
    const released = this.standing.length < before;
    if (released) this.settle();
    return released;
  }

  list(): Inhibitions {
    return unexpiredInhibitions(this.standing, this.deps.clock.now());
  }

  /** Their time went on while the machine slept, and the clock by which they end did not. */
  slept(ms: number): void {
    if (ms === 0 || this.standing.length === 0) return;
    this.standing = this.standing.map((each) => ({ ...each, expiresAtMs: each.expiresAtMs - ms }));
    this.settle();
  }

  close(): void {
    this.cancelTimer();
  }

  private settle(): void {
    const { clock, publish } = this.deps;
    const now = clock.now();
    this.standing = unexpiredInhibitions(this.standing, now);
    publish([toReading(inhibitedBy(this.standing), now)]);
    this.cancelTimer();
    if (this.standing.length === 0) return;
    const nextMs = Math.min(...this.standing.map(({ expiresAtMs }) => expiresAtMs));
    this.cancelTimer = clock.after(nextMs - now.monotonicMs, () => {
      this.settle();
    });
  }
}
