// What the audit is told of an updater's own connections.
//
// Invariants:
//   B1. Every connection is in exactly one fact: the first one to a host and port at once, later ones
//       summed, told once a minute and at the end. An updater that connects in a loop makes the
//       journal no longer than one that does not.
//   B2. What is refused in a flood is told as far as REFUSALS_PER_MINUTE goes, and otherwise counted.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { HostedRun, HostEvent } from '../channel/hosted-run.js';

const TELL_EVERY_MS = 60_000;
const REFUSALS_PER_MINUTE = 30;

type Seen = Omit<Extract<HostEvent, { kind: 'egress' }>, 'kind' | 'connectionCount'>;

export class EgressAccount {
  /** Of hosts that were granted, each by how it went: bounded by the grants. */
  private readonly sums = new Map<string, Seen & { readonly connectionCount: number }>();
  private readonly told = new Set<string>();
  private cancel: CancelTimer | undefined;
  private closed = false;
  private refusals = { sinceMs: Number.NEGATIVE_INFINITY, count: 0, droppedCount: 0 };

  constructor(
    private readonly run: Pick<HostedRun, 'runId' | 'emit'>,
    private readonly deps: { readonly clock: Clock; readonly log: Log },
  ) {}

  /** A connection to a granted host has ended. */
  ended(seen: Seen): void {
    const key = JSON.stringify([seen.host, seen.port, seen.allowed, seen.reason]);
    if (this.closed || !this.told.has(key)) {
      this.told.add(key);
      this.run.emit({ kind: 'egress', ...seen, connectionCount: 1 }); // B1
      return;
    }
    const before = this.sums.get(key);
    this.sums.set(key, {
      ...seen,
      sentBytes: seen.sentBytes + (before?.sentBytes ?? 0),
      receivedBytes: seen.receivedBytes + (before?.receivedBytes ?? 0),
      connectionCount: 1 + (before?.connectionCount ?? 0),
    });
    this.cancel ??= this.deps.clock.after(TELL_EVERY_MS, () => {
      this.tell();
    });
  }

  /** A connection to a host that was not granted. */
  refused(host: string, port: number): void {
    const nowMs = this.deps.clock.now().monotonicMs;
    if (nowMs - this.refusals.sinceMs >= 60_000)
      this.refusals = { ...this.refusals, sinceMs: nowMs, count: 0 };
    this.refusals.count += 1;
    if (this.refusals.count > REFUSALS_PER_MINUTE) {
      this.refusals.droppedCount += 1; // B2
      return;
    }
    const { droppedCount } = this.refusals;
    this.refusals.droppedCount = 0;
    const { runId } = this.run;
    if (droppedCount > 0) this.deps.log.warn({ runId, droppedCount }, 'refused egress not told');
    const nothing = { sentBytes: 0, receivedBytes: 0, connectionCount: 1 };
    this.run.emit({ kind: 'egress', host, port, allowed: false, ...nothing });
  }

  /** Tells what is left; what ends later is told as it comes. Idempotent. */
  close(): void {
    this.closed = true;
    this.tell();
  }

  private tell(): void {
    this.cancel?.();
    this.cancel = undefined;
    for (const sum of this.sums.values()) this.run.emit({ kind: 'egress', ...sum });
    this.sums.clear();
  }
}
