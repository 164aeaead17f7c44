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
//   N4. Content is called wrong when it had the length that was ordered, or any where none was, and has
//       another digest. An answer of another length, or a page for people, is a server that has it not.
//   N5. A detour is a server that is down, until it is the server's own word (detours.ts): then nothing
//       was granted where it leads.
//   N6. What is here is asked first whether it is the whole already.

import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import { HostError, type HostReason } from '../channel/host-failure.js';
import { waitOn } from '../egress/wait.loop.js';
import { tryOnce, type Attempt, type AttemptOutcome, type Upstream } from './attempt.http.js';
import { pageInItsPlace } from './body.http.js';
import type { Detours } from './detours.js';
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
  readonly detours: Detours;
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
  deps: DownloadDeps,
): Promise<Downloaded> {
  const { upstream, clock, log, random, detours } = deps;
  const { order, run, partial } = attempt;
  let tries = { attemptCount: 0, waitedMs: 0 };
  let resumedCount = 0;
  let startedOver = false;
  let ranged = true;
  for (;;) {
    await run.thawed();
    const there = await wholeAlready(attempt);
    if (there !== undefined) return { ...there, resumedCount: resumedCount + 1 };
    const startBytes = partial.sizeBytes;
    let outcome = await tryOnce(upstream, attempt, ranged);
    if (startBytes > 0 && partial.sizeBytes > startBytes) resumedCount += 1;
    if (outcome.kind === 'parked') continue;
    if (outcome.kind === 'whole') detours.heard(hostOf(order));
    if (outcome.kind === 'whole') {
      const digests = await partial.finish();
      const wrong = firstMismatch(order.digests, digests);
      if (wrong === undefined) return { ...outcome, url: order.url, digests, resumedCount };
      if (outcome.continued && !startedOver) {
        // N1.
        log.warn({ url: order.url, runId: run.runId }, 'a resumed download was wrong; once more');
        await partial.restart();
        startedOver = true;
        continue;
      }
      if (!outcome.isPage || order.sizeBytes !== undefined) {
        throw new HostError('DIGEST_MISMATCH', mismatchWords(order, wrong, digests));
      }
      outcome = await pageInItsPlace(partial); // N4
    }
    if (outcome.unranged === true) ranged = false;
    tries = { ...tries, attemptCount: tries.attemptCount + 1 };
    const next = nextTry(tries, outcome, random(), attemptsMax);
    if (next.kind === 'give-up') {
      if (outcome.detour === true) throw detourFailure(next.why, attempt, deps);
      const { why, retryAfterMs } = next;
      const more = retryAfterMs === undefined ? {} : { retryAfterMs };
      throw new HostError('UPSTREAM_DOWN', `${order.url}: the server ${why}`, more);
    }
    tries = { ...tries, waitedMs: tries.waitedMs + next.afterMs };
    await waitOn(clock, next.afterMs, attempt.signal);
  }
}

/** N6. What has the whole length and is not it is of no use any more. */
async function wholeAlready({
  order,
  partial,
}: Attempt): Promise<Omit<Downloaded, 'resumedCount'> | undefined> {
  const { sizeBytes } = partial;
  if (sizeBytes === 0 || sizeBytes !== (order.sizeBytes ?? sizeBytes)) return undefined;
  if (firstMismatch(order.digests, partial.digestsSoFar()) !== undefined) {
    if (order.sizeBytes !== undefined) await partial.restart();
    return undefined;
  }
  const url = (await partial.origin())?.url ?? order.url;
  const from = { url, redirects: [], address: '', continued: true, isPage: false };
  return { kind: 'whole', ...from, digests: await partial.finish() };
}

/** N5. */
function detourFailure(
  why: string,
  { order, run }: Attempt,
  { detours, clock }: DownloadDeps,
): HostError {
  const words = `${order.url}: the server ${why}`;
  const { monotonicMs } = clock.now();
  if (detours.persists(hostOf(order), run.leadsOut(), monotonicMs)) {
    return new HostError('GRANT_MISSING', words);
  }
  return new HostError(
    'UPSTREAM_DOWN',
    `${words}; a network that asks for a login says such things`,
  );
}

function hostOf({ url }: FetchOrder): string {
  return new URL(url).host;
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
