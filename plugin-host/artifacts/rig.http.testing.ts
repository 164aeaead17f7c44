// A store in a directory of its own, a run, and an upstream that is granted to it.

import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../runtime/clock.js';
import { createLog } from '../../runtime/log.js';
import { testRun, type TestRun } from '../channel/hosted-run.testing.js';
import { createArtifacts, type Artifacts } from './artifacts.http.js';
import type { FetchOrder, StoredContent } from './order.js';
import { loadTrustStore } from './trust-store.fs.js';
import {
  hastyClock,
  hurriedClock,
  startUpstream,
  type TestUpstream,
} from './upstream.http.testing.js';

/** Read once: each time is as much work as the rest of a test. */
const secureContext = loadTrustStore({});

type Handle = (request: IncomingMessage, response: ServerResponse, count: number) => void;

export interface Rig {
  readonly dir: string;
  readonly run: TestRun;
  /** Of the upstream, which is granted to `run`. */
  readonly url: string;
  readonly seen: readonly string[];
  /** Called when the first bytes of the next response have been kept. */
  onceReceived: (() => void) | undefined;
  /** Starts an upstream in the place of the one before; answers a URL of it. */
  upstreamThat(handle: Handle): Promise<string>;
  closeUpstream(): Promise<void>;
  /** Keeps what is downloaded somewhere else from now on. */
  openStore(dir: string): void;
  /** From now on a second of waiting counts as so many. */
  hurry(times: number): void;
  /** Of one updater, unless another uid is given. */
  newRun(runId: string, fetchPrefixes?: string[], uid?: number): Promise<TestRun>;
  fetch(order: FetchOrder, into?: TestRun, signal?: AbortSignal): Promise<StoredContent>;
  tidy(): Promise<void>;
  partials(): Promise<string[]>;
  stored(): Promise<string[]>;
  close(): Promise<void>;
}

export async function openRig(): Promise<Rig> {
  const dir = await mkdtemp(join(tmpdir(), 'lull-artifacts-'));
  let artifacts = openArtifacts(join(dir, 'store'));
  let upstream: TestUpstream | undefined;
  let run = await newRun('run-1');

  async function newRun(
    runId: string,
    fetchPrefixes: string[] = [],
    uid = 61_000,
  ): Promise<TestRun> {
    const artifactsDir = join(dir, `artifacts-${String(uid)}`);
    await mkdir(artifactsDir, { recursive: true });
    const operatorHosts = fetchPrefixes.map((prefix) => new URL(prefix).host);
    const grants = { installRoots: [], egress: [], fetchPrefixes, operatorHosts };
    return testRun({ runId, uid, workDir: dir, artifactsDir, grants });
  }

  const rig: Rig = {
    dir,
    get run() {
      return run;
    },
    get url() {
      return upstream?.url ?? '';
    },
    get seen() {
      return upstream?.seen ?? [];
    },
    onceReceived: undefined,
    upstreamThat: async (handle) => {
      await upstream?.close();
      upstream = await startUpstream(handle);
      run = await newRun('run-1', [upstream.url]);
      return `${upstream.url}tool.tgz`;
    },
    closeUpstream: async () => {
      await upstream?.close();
    },
    openStore: (path) => {
      artifacts.close();
      artifacts = openArtifacts(path);
    },
    hurry: (times) => {
      artifacts.close();
      artifacts = openArtifacts(join(dir, 'store'), hurriedClock(times));
    },
    newRun,
    fetch: (order, into = run, signal = new AbortController().signal) => {
      const onProgress = (): void => {
        const act = rig.onceReceived;
        rig.onceReceived = undefined;
        act?.();
      };
      return artifacts.fetch(order, into, { signal, onProgress });
    },
    tidy: () => artifacts.tidy(),
    partials: () => readdir(join(dir, 'store', 'partial')).catch(() => []),
    stored: () => readdir(join(dir, 'store', 'sha256')).catch(() => []),
    close: async () => {
      artifacts.close();
      await upstream?.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return rig;
}

function openArtifacts(dir: string, clock: Clock = hastyClock): Artifacts {
  return createArtifacts({
    dir,
    log: createLog('test', 'silent'),
    clock,
    random: () => 0.5,
    env: {},
    secureContext,
    shownIn: () => [],
    stallMsMax: 1_000,
    shareBytesMin: 0,
  });
}
