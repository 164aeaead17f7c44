// What a machine says, on its way into the journal, as far as its quota goes (fact-quota.ts).
//
// Invariant: Q4. That something is left out is in the journal and the log when it begins, and how much it
// was when it is over. A lead that changes hands begins with full buckets.

import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Fact } from '../journal/fact.js';
import type { Ledger } from '../world/ledger.loop.js';
import {
  charged,
  defaultQuotas,
  fullBucket,
  isTaken,
  opensInMs,
  refilled,
  type Bucket,
  type Quota,
  type Quotas,
  type Weight,
} from '../journal/fact-quota.js';
import type { OverQuota } from './over-quota.js';

const nothing: Quota = { entries: 0, bytes: 0 };

interface QuotaDeps {
  readonly ledger: Pick<Ledger, 'append'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when something is used up: what is under way has to stop. */
  readonly onUsedUp: () => void;
  /** Absent: those of every machine. */
  readonly quotas?: Quotas;
}

/** A class, because there are thousands: one closure for each method would be half of what each takes. */
export class QuotaOfHost {
  private readonly quotas: Quotas;
  private host: Bucket;
  /** Of updaters that have run; absent: theirs is full. */
  private updaters: Map<string, Bucket> | undefined;
  private leftOut = nothing;

  constructor(private readonly deps: QuotaDeps) {
    this.quotas = deps.quotas ?? defaultQuotas;
    this.host = fullBucket(this.quotas.host, deps.clock.now().monotonicMs);
  }

  /**
   * Records `facts` and resolves when they are durable, or leaves out all of them.
   * @param of whose runs they are of, where they are of one.
   * @returns whether they were recorded.
   */
  async append(facts: readonly Fact[], weight: Weight, of?: string): Promise<boolean> {
    const cost = costOf(facts);
    if (!this.takes(weight)) {
      await this.leaveOut(cost);
      return false;
    }
    const isOver = this.leftOut.entries > 0 && !this.host.isUsedUp;
    await this.deps.ledger.append([...(isOver ? [told(this.leftOut)] : []), ...facts]); // Q4
    if (isOver) this.leftOut = nothing;
    this.charge(cost, of);
    return true;
  }

  /** Whether what weighs so much would be recorded. */
  takes(weight: Weight): boolean {
    this.fill();
    return isTaken(this.host, weight, this.quotas.reserve);
  }

  /** What is used up now, if anything is. */
  over(): OverQuota | undefined {
    this.fill();
    const { wallMs, monotonicMs } = this.deps.clock.now();
    const { host, quotas } = this;
    const usedUp = new Map<string, number>();
    for (const [id, bucket] of this.updaters ?? []) {
      if (!bucket.isUsedUp) continue;
      const after = refilled(bucket, quotas.updater, monotonicMs);
      if (after.isUsedUp) usedUp.set(id, wallMs + opensInMs(after, quotas.updater));
      else this.updaters?.set(id, after);
    }
    if (!host.isUsedUp && usedUp.size === 0) return undefined;
    const until = host.isUsedUp ? { untilMs: wallMs + opensInMs(host, quotas.host) } : {};
    return { updaters: usedUp, ...until };
  }

  private fill(): void {
    this.host = refilled(this.host, this.quotas.host, this.deps.clock.now().monotonicMs);
  }

  private charge(cost: Quota, of: string | undefined): void {
    const { log, clock, onUsedUp } = this.deps;
    const wasUsedUp = this.host.isUsedUp;
    this.host = charged(this.host, cost);
    if (this.host.isUsedUp && !wasUsedUp) {
      log.error('a machine has said more than the journal takes of one: nothing is begun on it');
      onUsedUp();
    }
    if (of === undefined) return;
    const { updater: quota } = this.quotas;
    const nowMs = clock.now().monotonicMs;
    const updaters = (this.updaters ??= new Map<string, Bucket>());
    const before = refilled(updaters.get(of) ?? fullBucket(quota, nowMs), quota, nowMs);
    const after = charged(before, cost);
    updaters.set(of, after);
    if (!after.isUsedUp || before.isUsedUp) return;
    log.error({ updater: of }, 'an updater has said more than the journal takes: it is stopped');
    onUsedUp();
  }

  /** Q4. */
  private async leaveOut({ entries, bytes }: Quota): Promise<void> {
    const { leftOut } = this;
    const all = { entries: leftOut.entries + entries, bytes: leftOut.bytes + bytes };
    if (leftOut.entries === 0) await this.deps.ledger.append([told(all)]);
    this.leftOut = all;
  }
}

function told({ entries: count, bytes: sizeBytes }: Quota): Fact {
  return { kind: 'facts.refused', code: 'JOURNAL_QUOTA', count, sizeBytes };
}

function costOf(facts: readonly Fact[]): Quota {
  let [entries, bytes] = [0, 0];
  for (const fact of facts) {
    // The end of a run, and that it was admitted, which it led to.
    entries += fact.kind === 'run.finished' ? 2 : 1;
    bytes += JSON.stringify(fact).length;
  }
  return { entries, bytes };
}
