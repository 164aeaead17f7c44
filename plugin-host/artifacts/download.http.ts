// One order from the network into a partial file, until it is whole: attempts, one server after the
// other.
//
// Invariants:
//   N1. A mismatch after bytes of an earlier attempt were used proves nothing: one more attempt starts
//       from nothing before the content is called wrong.
//   N2. The next server is asked when one does not answer or answers with something else. What would be
//       as wrong there (a full disk, a run that is over) ends the order.
//   N3. When all have failed, what weighs most is said: content that is wrong before a server that is
//       down.

import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import { HostError, type HostReason } from '../channel/host-failure.js';
import { waitOn } from '../egress/wait.loop.js';
import { tryOnce, type Attempt, type AttemptOutcome, type Upstream } from './attempt.http.js';
import { firstMismatch, type Digests } from './digests.js';
import type { ExpectedDigest, FetchOrder } from './order.js';
import { ATTEMPTS_MAX, nextTry } from './patience.js';

/** Where there is another server, one is not asked for long. */
const ATTEMPTS_BEFORE_MIRROR = 2;

export interface DownloadDeps {
  readonly upstream: Upstream;
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1). */
  readonly random: () => number;
}

export type Downloaded = Extract<AttemptOutcome, { kind: 'whole' }> & {
  readonly url: string;
  readonly digests: Digests;
  readonly resumedCount: number;
};

/** @throws HostError (N3). */
export async function downloadWhole(attempt: Attempt, deps: DownloadDeps): Promise<Downloaded> {
  const { order, run } = attempt;
  const urls = [order.url, ...order.mirrors];
  let failure: HostError | undefined;
  for (const [index, url] of urls.entries()) {
    const isLast = index === urls.length - 1;
    try {
      const from = { ...attempt, order: { ...order, url } };
      return await fromOne(from, isLast ? ATTEMPTS_MAX : ATTEMPTS_BEFORE_MIRROR, deps);
    } catch (error) {
      if (!(error instanceof HostError) || !leavesOthers(error.code)) throw error;
      failure = heavier(failure, error);
      if (error.code === 'DIGEST_MISMATCH') await attempt.partial.restart();
      if (!isLast) deps.log.warn({ url, runId: run.runId, code: error.code }, 'asking a mirror');
    }
  }
  throw failure ?? new Error('an order without a URL was let through');
}

async function fromOne(
  attempt: Attempt,
  attemptsMax: number,
  { upstream, clock, log, random }: DownloadDeps,
): Promise<Downloaded> {
  const { order, run, partial } = attempt;
  let tries = { attemptCount: 0, waitedMs: 0 };
  let resumedCount = 0;
  let startedOver = false;
  for (;;) {
    await run.thawed();
    const startBytes = partial.sizeBytes;
    const outcome = await tryOnce(upstream, attempt);
    if (startBytes > 0 && partial.sizeBytes > startBytes) resumedCount += 1;
    if (outcome.kind === 'parked') continue;
    if (outcome.kind === 'whole') {
      const digests = await partial.finish();
      const wrong = firstMismatch(order.digests, digests);
      if (wrong === undefined) return { ...outcome, url: order.url, digests, resumedCount };
      if (!outcome.continued || startedOver) {
        throw new HostError('DIGEST_MISMATCH', mismatchWords(order, wrong, digests));
      }
      // N1.
      log.warn({ url: order.url, runId: run.runId }, 'a resumed download was wrong; once more');
      await partial.restart();
      startedOver = true;
      continue;
    }
    tries = { ...tries, attemptCount: tries.attemptCount + 1 };
    const next = nextTry(tries, outcome, random(), attemptsMax);
    if (next.kind === 'give-up') {
      const { why, retryAfterMs } = next;
      const more = retryAfterMs === undefined ? {} : { retryAfterMs };
      throw new HostError('UPSTREAM_DOWN', `${order.url}: the server ${why}`, more);
    }
    tries = { ...tries, waitedMs: tries.waitedMs + next.afterMs };
    await waitOn(clock, next.afterMs, attempt.signal);
  }
}

/** N2. */
function leavesOthers(code: HostReason): boolean {
  return code === 'UPSTREAM_DOWN' || code === 'DIGEST_MISMATCH' || code === 'GRANT_MISSING';
}

/** N3: of two that weigh the same the first. */
function heavier(before: HostError | undefined, next: HostError): HostError {
  const weight = ({ code }: HostError): number =>
    code === 'DIGEST_MISMATCH' ? 2 : code === 'GRANT_MISSING' ? 1 : 0;
  return before === undefined || weight(next) > weight(before) ? next : before;
}

function mismatchWords(order: FetchOrder, wrong: ExpectedDigest, found: Digests): string {
  const is = found.get(wrong.algorithm) ?? 'missing';
  return `${order.url}: its ${wrong.algorithm} is ${is}, not ${wrong.hex}`;
}
