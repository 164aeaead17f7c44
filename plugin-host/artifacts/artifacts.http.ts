// What updaters order to be downloaded: from the store, or from the network into it.
//
//   order ─▶ was it had before, and is stored? ─▶ show it to the run
//              │ no                ▲
//              ▼                   │ digests match: adopt
//            partial file ◀─ attempts, by range, until whole
//
// Invariants:
//   F1. Nothing is visible under a digest that it does not have.
//   F2. Two runs of an updater that order the same content follow each other; the second one finds it stored.
//   F3. Every URL that may be asked was granted, before the store is looked at; and from there an updater
//       is given what was fetched for itself alone. What another one may reach is not for everybody
//       who knows its digest: it is downloaded again, from where this one may (T15).
//   F4. A disk that is full gets its space back, whoever fills it: `tidy` is called every while. What nobody
//       uses goes first (space.fs.ts), then the partial file.
//   F5. What an order names is held before it is looked for, and what it got until its run is over (given.ts).

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SecureContext } from 'node:tls';
import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { fileFailure, HostError } from '../channel/host-failure.js';
import type { HostedRun } from '../channel/hosted-run.js';
import { readProxyRule, type Environment } from '../egress/upstream-proxy.js';
import { Detours } from './detours.js';
import { sha256In, type Digests } from './digests.js';
import { downloadWhole, type DownloadDeps } from './download.http.js';
import { Given } from './given.js';
import { isStrong, type FetchOrder, type StoredContent } from './order.js';
import { beginningOf, requireGranted } from './order-of-run.js';
import { PartialFile } from './partial.fs.js';
import { Space } from './space.fs.js';
import { adopt, findStored, isStored, showIn } from './store.fs.js';
import { createTurns } from './turns.js';
import { Uses } from './uses.js';

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
  /** Lets go of what nobody needs, and of more where the disk runs full (F4). */
  tidy(): Promise<void>;
  close(): void;
}

export interface ArtifactsDeps {
  readonly dir: string;
  readonly log: Log;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** HTTP(S)_PROXY, ALL_PROXY, NO_PROXY. */
  readonly env: Environment;
  /** Whom servers have to be vouched for by. */
  readonly secureContext: SecureContext;
  /** Every directory that content was ever shown in. */
  readonly shownIn: () => readonly string[];
  readonly stallMsMax?: number;
  /** Of the store, for each updater. */
  readonly shareBytesMin?: number;
}

export function createArtifacts(deps: ArtifactsDeps): Artifacts {
  const { dir, clock } = deps;
  const begunDir = join(dir, 'partial');
  const downloads = downloadDeps(deps);
  const turns = createTurns();
  const closing = new AbortController();
  const uses = new Uses();
  const given = new Given(uses);
  const space = new Space({ ...deps, begunDir, uses });

  function tell(run: HostedRun, url: string, stored: StoredContent): void {
    if (given.isNews(run, `${stored.sha256} ${url}`)) run.emit(cachedEvent(url, stored));
  }

  /** What this run was given before, or its updater was (F3). */
  async function find(order: FetchOrder, run: HostedRun): Promise<StoredContent | undefined> {
    const before = given.again(run, order.digests);
    if (before !== undefined && (await isStored(dir, before.sha256))) return before;
    const found = await findStored(dir, order.digests, () => run.thawed(), run.artifactsDir);
    if (found === undefined) return undefined;
    await given.keep(run, found.sha256); // F5
    given.verified(run, found, found.digests);
    return found;
  }

  /** One after the other: another updater may have fetched the same at the same time. */
  async function take(
    path: string,
    digests: Digests,
    run: HostedRun,
    signal: AbortSignal,
  ): Promise<string> {
    const done = await turns.take(sha256In(digests), signal);
    try {
      return await adopt(dir, path, digests, () => run.thawed());
    } finally {
      done();
    }
  }

  async function download(
    order: FetchOrder,
    run: HostedRun,
    hooks: FetchHooks,
  ): Promise<StoredContent> {
    const name = beginningOf(order, run);
    await space.beginOne(run);
    const partial = await PartialFile.open(begunDir, name, order.digests, () => run.thawed());
    try {
      if (partial.sizeBytes > (order.sizeBytes ?? order.sizeBytesMax)) await partial.restart();
      const attempt = {
        ...{ order, run, partial, ...hooks },
        makeRoom: (bytes: number) => space.reserve(name, run, partial, bytes),
        onKept: (bytes: number) => {
          space.used(name, bytes);
        },
      };
      const got = await downloadWhole(attempt, downloads);
      const sizeBytes = partial.sizeBytes;
      await given.keep(run, sha256In(got.digests)); // F5
      const sha256 = await take(partial.path, got.digests, run, hooks.signal);
      await partial.discard();
      const { url, redirects, address: remoteAddress, resumedCount } = got;
      const what = { url, redirects, remoteAddress, sizeBytes, sha256, resumedCount };
      run.emit({ kind: 'downloaded', ...what, cached: false });
      given.verified(run, { sha256, sizeBytes }, got.digests);
      return { sha256, sizeBytes };
    } catch (error) {
      const failure = fileFailure(error, 'APPLY_FAILED', 'keeping the download');
      // F4; and content that is wrong is of no use to anybody (F1), nor is none.
      const isOver = failure.code === 'NO_SPACE' || failure.code === 'DIGEST_MISMATCH';
      if (isOver || partial.sizeBytes === 0) await partial.discard();
      throw failure;
    } finally {
      space.written(name);
      await partial.close();
    }
  }

  return {
    tidy: () => space.tidy(),
    fetch: async (order, run, hooks) => {
      const signal = AbortSignal.any([run.over, hooks.signal, closing.signal]);
      requireGranted(order, run);
      const sizeBytesMax = Math.min(order.sizeBytesMax, run.limits.diskBytesMax);
      const begun = beginningOf(order, run);
      const done = await turns.take(begun, signal); // F2
      const names = order.digests.filter(isStrong).map(({ hex }) => hex);
      const release = await uses.hold([begun, ...names]); // F5
      try {
        await mkdir(dir, { recursive: true, mode: 0o711 });
        const stored = await find(order, run);
        if (stored !== undefined) tell(run, order.url, stored);
        const content =
          stored ?? (await download({ ...order, sizeBytesMax }, run, { ...hooks, signal }));
        await showIn(dir, content.sha256, run.artifactsDir, new Date(clock.now().wallMs));
        if (stored === undefined) space.took(run, content.sizeBytes);
        return { sha256: content.sha256, sizeBytes: content.sizeBytes };
      } catch (error) {
        if (signal.aborted) throw new HostError('RUN_OVER', 'the run is over', { cause: error });
        throw fileFailure(error, 'APPLY_FAILED', 'keeping the download');
      } finally {
        space.release(begun, run);
        release();
        done();
      }
    },
    close: () => {
      closing.abort();
    },
  };
}

function downloadDeps(deps: ArtifactsDeps): DownloadDeps {
  const { log, clock, random, env, secureContext, stallMsMax } = deps;
  const { rule, problems } = readProxyRule(env);
  for (const problem of problems) log.warn({ problem }, 'proxy setting not used');
  const upstream = {
    proxyRule: rule,
    secureContext,
    clock,
    stallMsMax: stallMsMax ?? STALL_MS_MAX,
  };
  return { upstream, clock, log, random, detours: new Detours() };
}

function cachedEvent(url: string, { sha256, sizeBytes }: StoredContent) {
  const nowhere = { redirects: [], remoteAddress: '', resumedCount: 0, cached: true };
  return { kind: 'downloaded', url, sizeBytes, sha256, ...nowhere } as const;
}
