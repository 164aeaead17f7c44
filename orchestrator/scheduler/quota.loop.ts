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

export interface QuotaOfHost {
  /**
   * Records `facts` and resolves when they are durable, or leaves out all of them.
   * @param of whose runs they are of, where they are of one.
   * @returns whether they were recorded.
   */
  append(facts: readonly Fact[], weight: Weight, of?: string): Promise<boolean>;
  /** Whether what weighs so much would be recorded. */
  takes(weight: Weight): boolean;
  /** What is used up now, if anything is. */
  over(): OverQuota | undefined;
}

export function quotaOfHost(deps: {
  readonly ledger: Pick<Ledger, 'append'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when something is used up: what is under way has to stop. */
  readonly onUsedUp: () => void;
  /** Absent: those of every machine. */
  readonly quotas?: Quotas;
}): QuotaOfHost {
  const { ledger, clock, log, onUsedUp, quotas = defaultQuotas } = deps;
  let host = fullBucket(quotas.host, clock.now().monotonicMs);
  const fullUpdater = fullBucket(quotas.updater, clock.now().monotonicMs);
  /** Of updaters that were registered and have run. */
  const updaters = new Map<string, Bucket>();
  let leftOut = nothing;

  function charge(cost: Quota, of: string | undefined): void {
    const [wasUsedUp, nowMs] = [host.isUsedUp, clock.now().monotonicMs];
    host = charged(host, cost);
    if (host.isUsedUp && !wasUsedUp) {
      log.error('a machine has said more than the journal takes of one: nothing is begun on it');
      onUsedUp();
    }
    if (of === undefined) return;
    const before = refilled(updaters.get(of) ?? fullUpdater, quotas.updater, nowMs);
    const after = charged(before, cost);
    updaters.set(of, after);
    if (!after.isUsedUp || before.isUsedUp) return;
    log.error({ updater: of }, 'an updater has said more than the journal takes: it is stopped');
    onUsedUp();
  }

  /** Q4. */
  async function leaveOut({ entries, bytes }: Quota): Promise<void> {
    const all = { entries: leftOut.entries + entries, bytes: leftOut.bytes + bytes };
    if (leftOut.entries === 0) await ledger.append([told(all)]);
    leftOut = all;
  }

  function fill(): void {
    host = refilled(host, quotas.host, clock.now().monotonicMs);
  }

  return {
    append: async (facts, weight, of) => {
      fill();
      const cost = costOf(facts);
      if (!isTaken(host, weight, quotas.reserve)) {
        await leaveOut(cost);
        return false;
      }
      const isOver = leftOut.entries > 0 && !host.isUsedUp;
      await ledger.append([...(isOver ? [told(leftOut)] : []), ...facts]); // Q4
      if (isOver) leftOut = nothing;
      charge(cost, of);
      return true;
    },
    takes: (weight) => {
      fill();
      return isTaken(host, weight, quotas.reserve);
    },
    over: () => {
      fill();
      const { wallMs, monotonicMs } = clock.now();
      const usedUp = new Map<string, number>();
      for (const [id, bucket] of updaters) {
        if (!bucket.isUsedUp) continue;
        const after = refilled(bucket, quotas.updater, monotonicMs);
        if (after.isUsedUp) usedUp.set(id, wallMs + opensInMs(after, quotas.updater));
        else updaters.set(id, after);
      }
      if (!host.isUsedUp && usedUp.size === 0) return undefined;
      const until = host.isUsedUp ? { untilMs: wallMs + opensInMs(host, quotas.host) } : {};
      return { ...until, updaters: usedUp };
    },
  };
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
