// How much of the journal what one caller submits may take: what holds for all machines is read whole by every
// orchestrator that starts, and a refusal is an entry as well (T23).

import { status } from '@grpc/grpc-js';
import { formatBytes, formatDuration } from '../../conditions/words.js';
import type { Clock } from '../../runtime/clock.js';
import type { Fact } from '../journal/fact.js';
import {
  charged,
  fullBucket,
  opensInMs,
  refilled,
  SUBMISSION_QUOTA as QUOTA,
  type Bucket,
} from '../journal/fact-quota.js';
import { callerText, type Caller } from '../trust/caller.js';
import { RpcFailure } from '../world/answer.grpc.js';

export interface Submissions {
  /** @throws RpcFailure where the caller has submitted more than it may. */
  admit(caller: Caller): void;
  /** What came of it is in the journal. */
  charge(caller: Caller, facts: readonly Fact[]): void;
}

export function boundSubmissions(clock: Clock): Submissions {
  /** Of callers that have a certificate, as long as it is not full again. Whoever owns the socket has none. */
  const buckets = new Map<string, Bucket>();

  function bucketOf(name: string): Bucket {
    const nowMs = clock.now().monotonicMs;
    return refilled(buckets.get(name) ?? fullBucket(QUOTA, nowMs), QUOTA, nowMs);
  }

  return {
    admit: (caller) => {
      const bucket = bucketOf(callerText(caller));
      if (!bucket.isUsedUp) return;
      const most = `${String(QUOTA.entries)} submissions or ${formatBytes(QUOTA.bytes)} a day`;
      const message = `${callerText(caller)} has made more than ${most}, and is heard again in ${formatDuration(opensInMs(bucket, QUOTA))}`;
      throw new RpcFailure(status.RESOURCE_EXHAUSTED, 'JOURNAL_QUOTA', message);
    },
    charge: (caller, facts) => {
      if (caller.name === undefined || facts.length === 0) return;
      const name = callerText(caller);
      const cost = { entries: facts.length, bytes: JSON.stringify(facts).length };
      const after = charged(bucketOf(name), cost);
      for (const each of buckets.keys()) {
        const { entries, bytes } = bucketOf(each);
        if (entries === QUOTA.entries && bytes === QUOTA.bytes) buckets.delete(each);
      }
      buckets.set(name, after);
    },
  };
}
