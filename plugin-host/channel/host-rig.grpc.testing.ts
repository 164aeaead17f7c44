// A HostService over a real socket, with a real store of artifacts and a server of its own to fetch
// from, for tests of what an updater may ask.

import { Metadata, type status, type ServiceError } from '@grpc/grpc-js';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Digest_Algorithm,
  HostServiceClient,
  type FetchRequest,
  type FetchResponse,
} from '../../proto/gen/lull/host/v1/host.js';
import { systemClock, type Clock } from '../../runtime/clock.js';
import { dialUnix, type Listener } from '../../runtime/grpc.js';
import { createLog } from '../../runtime/log.js';
import { reasonOf } from '../../runtime/reason.js';
import { createArtifacts } from '../artifacts/artifacts.http.js';
import { loadTrustStore } from '../artifacts/trust-store.fs.js';
import {
  hastyClock,
  hexOf,
  serveContent,
  startUpstream,
  type TestUpstream,
} from '../artifacts/upstream.http.testing.js';
import { createInstaller } from '../install/install.fs.js';
import { createCheckpoints, type Checkpoints } from '../runs/checkpoints.fs.js';
import { openTrees } from '../trees/trees.loop.js';
import { serveHost } from './host.grpc.js';
import type { HostedLaunch } from './hosted-launch.js';
import { testRun, type TestRun } from './hosted-run.testing.js';

/** Read once: each time is as much work as the rest of a test. */
const secureContext = loadTrustStore({});

/** What the server of the rig serves. */
export const content = randomBytes(200_000);
const log = createLog('test', 'silent');

export interface HostRig {
  readonly dir: string;
  readonly upstream: TestUpstream;
  readonly checkpoints: Checkpoints;
  readonly client: HostServiceClient;
  readonly listener: Listener;
  /** The run that is served from the beginning. */
  readonly run: TestRun;
  /** The launch serves this run now, or none. */
  hold(run: TestRun | undefined): void;
  /** The next call has come to the launch. */
  nextCall(): Promise<void>;
  passMs(ms: number): void;
  fetchRequest(changes?: Partial<FetchRequest>): FetchRequest;
  fetchAll(request: FetchRequest, metadata?: Metadata): Promise<FetchResponse[]>;
  close(): Promise<void>;
}

export async function openHostRig(changes: Partial<TestRun> = {}): Promise<HostRig> {
  const dir = await mkdtemp(join(tmpdir(), 'lull-host-'));
  for (const name of ['work', 'shown', 'opt']) await mkdir(join(dir, name));
  const upstream = await startUpstream((request, response) => {
    serveContent(request, response, content);
  });
  const artifacts = createArtifacts({
    dir: join(dir, 'store'),
    log,
    clock: hastyClock,
    random: () => 0,
    env: {},
    secureContext,
    shownIn: () => [],
  });
  const checkpoints = createCheckpoints({ dir: join(dir, 'checkpoints') });
  const run = testRun({
    workDir: join(dir, 'work'),
    artifactsDir: join(dir, 'shown'),
    grants: {
      installRoots: [{ name: 'tools', path: join(dir, 'opt', 'tools') }],
      egress: [],
      fetchPrefixes: [upstream.url],
      operatorHosts: [new URL(upstream.url).host],
    },
    limits: {
      diskBytesMax: 1_000_000,
      criticalSMax: 60,
      previousVersions: 1,
      callsPerMinuteMax: 250,
    },
    ...changes,
  });
  let nowMs = 0;
  const clock: Clock = { ...hastyClock, now: () => ({ wallMs: nowMs, monotonicMs: nowMs }) };
  const socketPath = join(dir, 'host.sock');
  let held: TestRun | undefined = run;
  // The first that a call asks is which run the launch serves.
  let onCall = (): void => undefined;
  const launch: HostedLaunch = {
    token: 'token-1',
    uid: run.uid,
    get run() {
      onCall();
      return held;
    },
  };
  const trees = openTrees({ clock: systemClock });
  const installer = createInstaller({ log, trees });
  const deps = { socketPath, artifacts, installer, checkpoints, clock, log };
  const listener = await serveHost(launch, deps);
  const client = dialUnix(HostServiceClient, socketPath);
  return {
    dir,
    upstream,
    checkpoints,
    client,
    listener,
    run,
    hold: (next) => {
      held = next;
    },
    nextCall: () => new Promise((resolve) => (onCall = resolve)),
    passMs: (ms) => {
      nowMs += ms;
    },
    fetchRequest: (changed = {}) => ({
      runId: 'run-1',
      url: `${upstream.url}tool.tgz`,
      digests: [{ algorithm: Digest_Algorithm.SHA512, hex: hexOf('sha512', content) }],
      sizeBytes: undefined,
      sizeMaxBytes: 500_000n,
      mirrors: [],
      ...changed,
    }),
    fetchAll: (request, metadata = withToken()) =>
      new Promise((resolve, reject) => {
        const answers: FetchResponse[] = [];
        const call = client.fetch(request, metadata);
        call.on('data', (answer: FetchResponse) => answers.push(answer));
        call.on('error', reject);
        call.on('end', () => {
          resolve(answers);
        });
      }),
    close: async () => {
      client.close();
      await listener.close();
      artifacts.close();
      await trees.close();
      await upstream.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export function withToken(token = 'token-1'): Metadata {
  const metadata = new Metadata();
  metadata.set('lull-token', token);
  return metadata;
}

/** Of a call with the right token. */
export const options = { deadlineMs: 10_000, metadata: withToken() };

/** How a call was refused. */
export async function refusal(promise: Promise<unknown>): Promise<[status, string | undefined]> {
  const error = await promise.then(
    () => {
      throw new Error('was not refused');
    },
    (reason: unknown) => reason as ServiceError,
  );
  return [error.code, reasonOf(error)];
}
