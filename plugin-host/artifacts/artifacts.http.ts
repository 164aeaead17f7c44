// What updaters order to be downloaded: from the store, or from the network into it.
//
//   order ─▶ store has it? ─▶ show it to the run
//              │ no                ▲
//              ▼                   │ digests match: adopt
//            partial file ◀─ attempts, by range, until whole
//
// Invariants:
//   F1. Nothing is visible under a digest that it does not have.
//   F2. Two runs that order the same content follow each other; the second one finds it stored.
//   F3. A mismatch after bytes of an earlier attempt were used proves nothing: one more attempt
//       starts from nothing before the content is called wrong.
//   F4. A disk that is full gets its space back: the partial file goes away.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { fileFailure, HostError } from '../channel/host-failure.js';
import type { HostedRun } from '../channel/hosted-run.js';
import { readProxyRule, type Environment } from '../egress/upstream-proxy.js';
import { checkUrl } from './allowed-url.js';
import { tryOnce, type AttemptOutcome, type Upstream } from './attempt.http.js';
import { firstMismatch, type Digests } from './digests.js';
import { partialName, type ExpectedDigest, type FetchOrder } from './order.js';
import { PartialFile } from './partial.fs.js';
import { nextTry } from './patience.js';
import { adopt, findStored, showIn, type StoredContent } from './store.fs.js';
import { loadTrustStore } from './trust-store.fs.js';
import { createTurns } from './turns.js';

/** A server that says nothing for this long is asked again (T10). */
const STALL_MS_MAX = 30_000;

export interface FetchHooks {
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  readonly onProgress: (receivedBytes: number, totalBytes: number | undefined) => void;
}

export interface Artifacts extends Closeable {
  /**
   * Brings content to `run.artifactsDir/<sha256>`.
   * @throws HostError.
   */
  fetch(order: FetchOrder, run: HostedRun, hooks: FetchHooks): Promise<StoredContent>;
  close(): void;
}

export function createArtifacts(deps: {
  readonly dir: string;
  readonly log: Log;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** HTTP(S)_PROXY, NO_PROXY, NODE_EXTRA_CA_CERTS. */
  readonly env: Environment;
  readonly stallMsMax?: number;
}): Artifacts {
  const { dir, log, clock } = deps;
  const { rule, problems } = readProxyRule(deps.env);
  for (const problem of problems) log.warn({ problem }, 'proxy setting not used');
  const upstream: Upstream = {
    proxyRule: rule,
    secureContext: loadTrustStore(deps.env),
    clock,
    stallMsMax: deps.stallMsMax ?? STALL_MS_MAX,
  };
  const turns = createTurns();
  const closing = new AbortController();

  async function download(
    order: FetchOrder,
    run: HostedRun,
    hooks: FetchHooks,
  ): Promise<StoredContent> {
    const partial = await PartialFile.open(
      join(dir, 'partial'),
      partialName(order),
      order.digests,
      () => run.thawed(),
    );
    try {
      if (partial.sizeBytes > (order.sizeBytes ?? order.sizeBytesMax)) await partial.restart();
      const got = await untilWhole(order, run, partial, hooks);
      const sizeBytes = partial.sizeBytes;
      const sha256 = await adopt(dir, partial.path, got.digests);
      await partial.discard();
      run.emit({
        kind: 'downloaded',
        url: order.url,
        redirects: got.redirects,
        remoteAddress: got.address,
        sizeBytes,
        sha256,
        resumedCount: got.resumedCount,
        cached: false,
      });
      return { sha256, sizeBytes };
    } catch (error) {
      const failure = fileFailure(error, 'APPLY_FAILED', 'keeping the download');
      // F4; and content that is wrong is of no use to anybody (F1).
      if (failure.code === 'NO_SPACE' || failure.code === 'DIGEST_MISMATCH') {
        await partial.discard();
      }
      throw failure;
    } finally {
      await partial.close();
    }
  }

  async function untilWhole(
    order: FetchOrder,
    run: HostedRun,
    partial: PartialFile,
    hooks: FetchHooks,
  ): Promise<Got> {
    let tries = { attemptCount: 0, waitedMs: 0 };
    let resumedCount = 0;
    let startedOver = false;
    for (;;) {
      await run.thawed();
      const startBytes = partial.sizeBytes;
      const outcome = await tryOnce(upstream, { order, run, partial, ...hooks });
      if (startBytes > 0 && partial.sizeBytes > startBytes) resumedCount += 1;
      if (outcome.kind === 'parked') continue;
      if (outcome.kind === 'whole') {
        const digests = await partial.finish();
        const wrong = firstMismatch(order.digests, digests);
        if (wrong === undefined) return { ...outcome, digests, resumedCount };
        if (!outcome.continued || startedOver) {
          throw new HostError('DIGEST_MISMATCH', mismatchWords(order, wrong, digests));
        }
        // F3.
        log.warn({ url: order.url, runId: run.runId }, 'a resumed download was wrong; once more');
        await partial.restart();
        startedOver = true;
        continue;
      }
      tries = { ...tries, attemptCount: tries.attemptCount + 1 };
      const next = nextTry(tries, outcome, deps.random());
      if (next.kind === 'give-up') {
        throw new HostError('UPSTREAM_DOWN', `${order.url}: the server ${next.why}`);
      }
      tries = { ...tries, waitedMs: tries.waitedMs + next.afterMs };
      await wait(clock, next.afterMs, hooks.signal);
    }
  }

  return {
    fetch: async (order, run, hooks) => {
      const signal = AbortSignal.any([run.over, hooks.signal, closing.signal]);
      const asked = checkUrl(order.url, run.grants.fetchPrefixes);
      // Before the store is looked at: what is there is not for everybody who guesses its digest.
      if (asked.kind !== 'ok') {
        const code = asked.kind === 'malformed' ? 'FIELD_INVALID' : 'GRANT_MISSING';
        throw new HostError(code, `url: ${asked.problem}`);
      }
      const bounded = {
        ...order,
        sizeBytesMax: Math.min(order.sizeBytesMax, run.limits.diskBytesMax),
      };
      const done = await turns.take(partialName(order), signal); // F2
      try {
        await mkdir(dir, { recursive: true, mode: 0o711 });
        const stored = await findStored(dir, order.digests, () => run.thawed());
        if (stored !== undefined) run.emit(cachedEvent(order.url, stored));
        const content = stored ?? (await download(bounded, run, { ...hooks, signal }));
        await showIn(dir, content.sha256, run.artifactsDir);
        return content;
      } catch (error) {
        if (signal.aborted) throw new HostError('RUN_OVER', 'the run is over', { cause: error });
        throw fileFailure(error, 'APPLY_FAILED', 'keeping the download');
      } finally {
        done();
      }
    },
    close: () => {
      closing.abort();
    },
  };
}

type Got = Extract<AttemptOutcome, { kind: 'whole' }> & {
  readonly digests: Digests;
  readonly resumedCount: number;
};

function mismatchWords(order: FetchOrder, wrong: ExpectedDigest, found: Digests): string {
  const is = found.get(wrong.algorithm) ?? 'missing';
  return `${order.url}: its ${wrong.algorithm} is ${is}, not ${wrong.hex}`;
}

function cachedEvent(url: string, { sha256, sizeBytes }: StoredContent) {
  const nowhere = { redirects: [], remoteAddress: '', resumedCount: 0, cached: true };
  return { kind: 'downloaded', url, sizeBytes, sha256, ...nowhere } as const;
}

function wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
