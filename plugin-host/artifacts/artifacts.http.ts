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
//   F3. Every URL that may be asked was granted, before the store is looked at: what is there is not
//       for everybody who guesses its digest.
//   F4. A disk that is full gets its space back: what nobody uses goes first (sweep.fs.ts), then the
//       partial file.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { fileFailure, HostError } from '../channel/host-failure.js';
import type { HostedRun } from '../channel/hosted-run.js';
import { readProxyRule, type Environment } from '../egress/upstream-proxy.js';
import { checkUrl } from './allowed-url.js';
import { downloadWhole, type DownloadDeps } from './download.http.js';
import { partialName, type FetchOrder } from './order.js';
import { PartialFile } from './partial.fs.js';
import { Room } from './room.js';
import { adopt, findStored, showIn, type StoredContent } from './store.fs.js';
import { sweep } from './sweep.fs.js';
import { loadTrustStore } from './trust-store.fs.js';
import { createTurns } from './turns.js';

/** A server that says nothing for this long is asked again (T10). */
const STALL_MS_MAX = 30_000;
/** The store is looked through no more often, unless room is needed. */
const SWEEP_EVERY_MS = 3_600_000;

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

export interface ArtifactsDeps {
  readonly dir: string;
  readonly log: Log;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** HTTP(S)_PROXY, NO_PROXY, NODE_EXTRA_CA_CERTS. */
  readonly env: Environment;
  /** Every directory that content was ever shown in. */
  readonly shownIn: () => readonly string[];
  readonly stallMsMax?: number;
}

export function createArtifacts(deps: ArtifactsDeps): Artifacts {
  const { dir, log, clock } = deps;
  const downloads = downloadDeps(deps);
  const turns = createTurns();
  const room = new Room();
  const closing = new AbortController();
  const used = new Map<HostedRun, Set<string>>();
  let sweptAtMs = Number.NEGATIVE_INFINITY;

  /** F4; never what a run has that is not over. */
  async function tidy(neededBytes: number): Promise<void> {
    const { monotonicMs, wallMs } = clock.now();
    if (neededBytes === 0 && monotonicMs - sweptAtMs < SWEEP_EVERY_MS) return;
    sweptAtMs = monotonicMs;
    const inUse = new Set([...used.values()].flatMap((digests) => [...digests]));
    const options = { inUse, shownIn: deps.shownIn(), neededBytes, nowMs: wallMs };
    const gone = await sweep(dir, options);
    if (gone.length > 0) log.info({ gone }, 'let go of content that nobody uses');
  }

  async function reserve(name: string, partial: PartialFile, bytes: number): Promise<boolean> {
    if (room.reserve(name, bytes, await partial.freeBytes())) return true;
    await tidy(bytes);
    return room.reserve(name, bytes, await partial.freeBytes());
  }

  async function download(
    order: FetchOrder,
    run: HostedRun,
    hooks: FetchHooks,
  ): Promise<StoredContent> {
    const name = partialName(order);
    const partial = await PartialFile.open(join(dir, 'partial'), name, order.digests, () =>
      run.thawed(),
    );
    try {
      if (partial.sizeBytes > (order.sizeBytes ?? order.sizeBytesMax)) await partial.restart();
      const attempt = {
        ...{ order, run, partial, ...hooks },
        makeRoom: (bytes: number) => reserve(name, partial, bytes),
        onKept: (bytes: number) => {
          room.used(name, bytes);
        },
      };
      const got = await downloadWhole(attempt, downloads);
      const sizeBytes = partial.sizeBytes;
      const sha256 = await adopt(dir, partial.path, got.digests);
      await partial.discard();
      const { url, redirects, address: remoteAddress, resumedCount } = got;
      const what = { url, redirects, remoteAddress, sizeBytes, sha256, resumedCount };
      run.emit({ kind: 'downloaded', ...what, cached: false });
      return { sha256, sizeBytes };
    } catch (error) {
      const failure = fileFailure(error, 'APPLY_FAILED', 'keeping the download');
      // F4; and content that is wrong is of no use to anybody (F1).
      if (failure.code === 'NO_SPACE' || failure.code === 'DIGEST_MISMATCH') {
        await partial.discard();
      }
      throw failure;
    } finally {
      room.release(name);
      await partial.close();
    }
  }

  return {
    fetch: async (order, run, hooks) => {
      const signal = AbortSignal.any([run.over, hooks.signal, closing.signal]);
      requireGranted(order, run);
      const sizeBytesMax = Math.min(order.sizeBytesMax, run.limits.diskBytesMax);
      const done = await turns.take(partialName(order), signal); // F2
      try {
        await mkdir(dir, { recursive: true, mode: 0o711 });
        const stored = await findStored(dir, order.digests, () => run.thawed());
        if (stored !== undefined) run.emit(cachedEvent(order.url, stored));
        const content =
          stored ?? (await download({ ...order, sizeBytesMax }, run, { ...hooks, signal }));
        noteUse(used, run, content.sha256);
        await showIn(dir, content.sha256, run.artifactsDir, new Date(clock.now().wallMs));
        await tidy(0);
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

function downloadDeps({ log, clock, random, env, stallMsMax }: ArtifactsDeps): DownloadDeps {
  const { rule, problems } = readProxyRule(env);
  for (const problem of problems) log.warn({ problem }, 'proxy setting not used');
  const upstream = {
    proxyRule: rule,
    secureContext: loadTrustStore(env),
    clock,
    stallMsMax: stallMsMax ?? STALL_MS_MAX,
  };
  return { upstream, clock, log, random };
}

/** F3. */
function requireGranted(order: FetchOrder, run: HostedRun): void {
  for (const [index, url] of [order.url, ...order.mirrors].entries()) {
    const asked = checkUrl(url, run.grants.fetchPrefixes);
    if (asked.kind === 'ok') continue;
    const code = asked.kind === 'malformed' ? 'FIELD_INVALID' : 'GRANT_MISSING';
    throw new HostError(code, `${index === 0 ? 'url' : 'mirrors'}: ${asked.problem}`);
  }
}

function noteUse(used: Map<HostedRun, Set<string>>, run: HostedRun, sha256: string): void {
  const digests = used.get(run);
  if (digests !== undefined) {
    digests.add(sha256);
    return;
  }
  used.set(run, new Set([sha256]));
  run.over.addEventListener('abort', () => used.delete(run), { once: true });
}

function cachedEvent(url: string, { sha256, sizeBytes }: StoredContent) {
  const nowhere = { redirects: [], remoteAddress: '', resumedCount: 0, cached: true };
  return { kind: 'downloaded', url, sizeBytes, sha256, ...nowhere } as const;
}
