import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { randomBytes } from 'node:crypto';
import { access, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Digest_Algorithm,
  HostServiceClient,
  LogRequest_Severity,
  type FetchRequest,
  type FetchResponse,
} from '../../proto/gen/lull/host/v1/host.js';
import type { Clock } from '../../runtime/clock.js';
import { dialUnix, reasonOf, unary, type Listener } from '../../runtime/grpc.js';
import { createLog } from '../../runtime/log.js';
import { createArtifacts, type Artifacts } from '../artifacts/artifacts.http.js';
import {
  hastyClock,
  hexOf,
  serveContent,
  startUpstream,
  type TestUpstream,
} from '../artifacts/upstream.http.testing.js';
import { loadTrustStore } from '../artifacts/trust-store.fs.js';
import { createInstaller } from '../install/install.fs.js';
import { createCheckpoints, type Checkpoints } from '../runs/checkpoints.fs.js';
import { CALLS_PER_MINUTE } from './call-rate.js';
import { serveHost } from './host.grpc.js';
import type { HostedLaunch } from './hosted-launch.js';
import { testRun, type TestRun } from './hosted-run.testing.js';

const content = randomBytes(200_000);
const log = createLog('test', 'silent');

let dir: string;
let run: TestRun;
/** What the launch serves now. */
let held: TestRun | undefined;
/** Called when a call has come: the first that it asks is which run the launch serves. */
let onCall: () => void;
let upstream: TestUpstream;
let artifacts: Artifacts;
let checkpoints: Checkpoints;
let listener: Listener;
let client: HostServiceClient;
let nowMs: number;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lull-host-'));
  for (const name of ['work', 'shown', 'opt']) await mkdir(join(dir, name));
  upstream = await startUpstream((request, response) => {
    serveContent(request, response, content);
  });
  artifacts = createArtifacts({
    dir: join(dir, 'store'),
    log,
    clock: hastyClock,
    random: () => 0,
    env: {},
    secureContext: loadTrustStore({}),
    shownIn: () => [],
  });
  checkpoints = createCheckpoints({ dir: join(dir, 'checkpoints') });
  nowMs = 0;
  await serve({});
});

afterEach(async () => {
  client.close();
  await listener.close();
  artifacts.close();
  await upstream.close();
  await rm(dir, { recursive: true, force: true });
});

async function serve(changes: Partial<TestRun>): Promise<void> {
  run = testRun({
    workDir: join(dir, 'work'),
    artifactsDir: join(dir, 'shown'),
    grants: {
      installRoots: [{ name: 'tools', path: join(dir, 'opt', 'tools') }],
      egress: [],
      fetchPrefixes: [upstream.url],
      operatorHosts: [new URL(upstream.url).host],
    },
    limits: { diskBytesMax: 1_000_000, criticalSMax: 60, previousVersions: 1 },
    ...changes,
  });
  const clock: Clock = { ...hastyClock, now: () => ({ wallMs: nowMs, monotonicMs: nowMs }) };
  const socketPath = join(dir, 'host.sock');
  held = run;
  onCall = () => undefined;
  const launch: HostedLaunch = {
    token: 'token-1',
    uid: run.uid,
    get run() {
      onCall();
      return held;
    },
  };
  listener = await serveHost(launch, {
    socketPath,
    artifacts,
    installer: createInstaller({ log }),
    checkpoints,
    clock,
    log,
  });
  client = dialUnix(HostServiceClient, socketPath);
}

async function serveAgain(changes: Partial<TestRun>): Promise<void> {
  client.close();
  await listener.close();
  await serve(changes);
}

function withToken(token = 'token-1'): Metadata {
  const metadata = new Metadata();
  metadata.set('lull-token', token);
  return metadata;
}

const options = { deadlineMs: 10_000, metadata: withToken() };
const line = (message: string) => ({ severity: LogRequest_Severity.INFO, message });

/** The next call has come to the launch. */
function nextCall(): Promise<void> {
  return new Promise((resolve) => (onCall = resolve));
}

async function refusal(promise: Promise<unknown>): Promise<[status, string | undefined]> {
  const error = await promise.then(
    () => {
      throw new Error('was not refused');
    },
    (reason: unknown) => reason as ServiceError,
  );
  return [error.code, reasonOf(error)];
}

function fetchRequest(changes: Partial<FetchRequest> = {}): FetchRequest {
  return {
    runId: 'run-1',
    url: `${upstream.url}tool.tgz`,
    digests: [{ algorithm: Digest_Algorithm.SHA512, hex: hexOf('sha512', content) }],
    sizeBytes: undefined,
    sizeMaxBytes: 500_000n,
    mirrors: [],
    ...changes,
  };
}

function fetchAll(request: FetchRequest, metadata = withToken()): Promise<FetchResponse[]> {
  return new Promise((resolve, reject) => {
    const answers: FetchResponse[] = [];
    const call = client.fetch(request, metadata);
    call.on('data', (answer: FetchResponse) => answers.push(answer));
    call.on('error', reject);
    call.on('end', () => {
      resolve(answers);
    });
  });
}

const log20 = (message: string) => ({ severity: LogRequest_Severity.INFO, message });

describe('a run that asks without end (T23)', () => {
  test('may so many times a minute, and is told when again', async () => {
    const enter = () => {
      const request = { runId: 'run-1', why: 'again', expectedS: 1 };
      return unary(client.enterCritical.bind(client), request, options);
    };
    const leave = () => unary(client.leaveCritical.bind(client), { runId: 'run-1' }, options);
    for (let call = 0; call < CALLS_PER_MINUTE; call += 1) await enter();
    const error = await enter().catch((reason: unknown) => reason as ServiceError);
    expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect((error as ServiceError).metadata.get('lull-retry-after-ms')).toEqual(['240']);
    expect(await refusal(fetchAll(fetchRequest()))).toEqual([
      status.RESOURCE_EXHAUSTED,
      'RATE_LIMITED',
    ]);
    // Whoever is inside gets out, and what is said in a log is bounded by itself.
    await leave();
    await unary(client.log.bind(client), line('x'), options);
    nowMs += 240;
    await enter();
    expect(run.sections).toHaveLength(CALLS_PER_MINUTE + 2);
  });
});

describe('who may call (T15)', () => {
  test.each(['', 'token-2', 'token-1 ', 'TOKEN-1'])('another token: %j', async (token) => {
    const metadata = withToken(token);
    const expected = [status.UNAUTHENTICATED, 'TOKEN_INVALID'];
    const wrong = { deadlineMs: 10_000, metadata };
    expect(
      await refusal(unary(client.leaveCritical.bind(client), { runId: 'run-1' }, wrong)),
    ).toEqual(expected);
    expect(await refusal(unary(client.log.bind(client), log20('x'), wrong))).toEqual(expected);
    expect(await refusal(fetchAll(fetchRequest(), metadata))).toEqual(expected);
    expect(run.events).toEqual([]);
  });

  test('the run before, in a launch that serves another one by now, or none', async () => {
    const save = (runId: string) =>
      unary(client.saveCheckpoint.bind(client), { runId, checkpoint: Buffer.from('x') }, options);
    await save('run-1');
    run.end();
    held = undefined;
    expect(await refusal(save('run-1'))).toEqual([status.PERMISSION_DENIED, 'GRANT_MISSING']);
    held = testRun({ ...run, runId: 'run-2' });
    expect(await refusal(save('run-1'))).toEqual([status.PERMISSION_DENIED, 'GRANT_MISSING']);
    await save('run-2');
    expect(await checkpoints.load('run-2')).toBeDefined();
  });

  test('a call that outlives its run does nothing for the run after it', async () => {
    run.freeze();
    const came = nextCall();
    const late = unary(client.log.bind(client), line('late'), options);
    await came;
    const before = run;
    const after = testRun({ ...run, runId: 'run-2' });
    held = after;
    before.end();
    expect(await refusal(late)).toEqual([status.CANCELLED, 'RUN_OVER']);
    expect([...before.events, ...after.events]).toEqual([]);
  });

  test('no token, and two', async () => {
    const two = withToken();
    two.add('lull-token', 'token-1');
    for (const metadata of [new Metadata(), two]) {
      expect(await refusal(fetchAll(fetchRequest(), metadata))).toEqual([
        status.UNAUTHENTICATED,
        'TOKEN_INVALID',
      ]);
    }
  });

  test('another run', async () => {
    const expected = [status.PERMISSION_DENIED, 'GRANT_MISSING'];
    const runId = 'run-2';
    const calls = [
      fetchAll(fetchRequest({ runId })),
      unary(client.commit.bind(client), { runId, root: 'tools', stagedPath: 's' }, options),
      unary(client.revert.bind(client), { runId, root: 'tools' }, options),
      unary(client.enterCritical.bind(client), { runId, why: 'x', expectedS: 1 }, options),
      unary(client.leaveCritical.bind(client), { runId }, options),
      unary(client.saveCheckpoint.bind(client), { runId, checkpoint: Buffer.alloc(1) }, options),
    ];
    for (const call of calls) expect(await refusal(call)).toEqual(expected);
    expect(run.events).toEqual([]);
    expect(upstream.seen).toEqual([]);
  });

  const asRoot = process.getuid?.() === 0 ? test : test.skip;
  asRoot('the socket belongs to the run’s uid and to nobody else', async () => {
    await serveAgain({ uid: 61_007 });
    const { uid, mode } = await stat(join(dir, 'host.sock'));
    expect([uid, mode & 0o777]).toEqual([61_007, 0o600]);
  });
});

describe('Fetch', () => {
  test('ends with exactly one artifact, at the path inside the sandbox', async () => {
    const answers = await fetchAll(fetchRequest());
    const sha256 = hexOf('sha256', content);
    expect(answers.at(-1)?.kind).toEqual({
      $case: 'artifact',
      value: { sha256, sizeBytes: 200_000n, path: `/lull/artifacts/${sha256}` },
    });
    expect(answers.filter(({ kind }) => kind?.$case === 'artifact')).toHaveLength(1);
    expect(answers.slice(0, -1).every(({ kind }) => kind?.$case === 'progress')).toBe(true);
    expect(await readFile(join(dir, 'shown', sha256))).toEqual(content);
    expect(run.events).toEqual([expect.objectContaining({ kind: 'downloaded', sha256 })]);
  });

  test.each([
    [{ digests: [] }, status.INVALID_ARGUMENT, 'FIELD_INVALID'],
    [{ url: 'file:///etc/passwd' }, status.INVALID_ARGUMENT, 'FIELD_INVALID'],
    [{ sizeMaxBytes: 0n }, status.INVALID_ARGUMENT, 'FIELD_INVALID'],
    [{ url: 'https://elsewhere.example/' }, status.PERMISSION_DENIED, 'GRANT_MISSING'],
    [{ sizeBytes: 7n }, status.DATA_LOSS, 'DIGEST_MISMATCH'],
  ])('%j is refused', async (change, code, reason) => {
    expect(await refusal(fetchAll(fetchRequest(change)))).toEqual([code, reason]);
  });

  test('stands still while the run is frozen', async () => {
    run.freeze();
    let settled = false;
    const came = nextCall();
    const fetched = fetchAll(fetchRequest()).finally(() => {
      settled = true;
    });
    await came;
    expect([settled, upstream.seen]).toEqual([false, []]);
    run.thaw();
    await fetched;
  });

  test('ends with CANCELLED when the run is over', async () => {
    run.freeze();
    const came = nextCall();
    const fetched = refusal(fetchAll(fetchRequest()));
    await came;
    run.end();
    expect(await fetched).toEqual([status.CANCELLED, 'RUN_OVER']);
  });

  test('more of them at once than one updater may have', async () => {
    run.freeze();
    const calls = Array.from({ length: 10 }, () => fetchAll(fetchRequest()).catch(reasonOf));
    const first = await Promise.race(calls);
    expect(first).toBe('RATE_LIMITED');
    run.thaw();
    const outcomes = await Promise.all(calls);
    expect(outcomes.filter((outcome) => outcome === 'RATE_LIMITED')).toHaveLength(2);
    expect(upstream.seen).toHaveLength(1);
  });
});

test('Commit and Revert change the root and answer with receipts', async () => {
  const commit = (stagedPath: string) =>
    unary(client.commit.bind(client), { runId: 'run-1', root: 'tools', stagedPath }, options);
  const revert = () =>
    unary(client.revert.bind(client), { runId: 'run-1', root: 'tools' }, options);
  await mkdir(join(dir, 'work', 'staged'));
  await writeFile(join(dir, 'work', 'staged', 'x'), 'new');
  expect(await refusal(revert())).toEqual([status.FAILED_PRECONDITION, 'NO_PREVIOUS']);
  expect(await refusal(commit('../etc'))).toEqual([status.INVALID_ARGUMENT, 'FIELD_INVALID']);
  await mkdir(join(dir, 'opt', 'tools'));
  await writeFile(join(dir, 'opt', 'tools', 'x'), 'old');
  const { receipt } = await commit('staged');
  expect(receipt).toMatchObject({ root: 'tools', fileCount: 1, sizeBytes: 3n });
  expect(await readFile(join(dir, 'opt', 'tools', 'x'), 'utf8')).toBe('new');
  expect((await revert()).receipt?.treeAfterSha256).toBe(receipt?.treeBeforeSha256);
  expect(await readFile(join(dir, 'opt', 'tools', 'x'), 'utf8')).toBe('old');
  expect(run.events.map(({ kind }) => kind)).toEqual(['installed', 'installed']);
});

describe('a critical section', () => {
  const enter = (why: string, expectedS: number) =>
    unary(client.enterCritical.bind(client), { runId: 'run-1', why, expectedS }, options);
  const leave = () => unary(client.leaveCritical.bind(client), { runId: 'run-1' }, options);

  test('is entered with its reason, cleaned, and left also where none is open', async () => {
    await leave();
    await enter('the \u001b[31mlock', 60);
    await leave();
    expect(run.sections).toEqual(['', 'the \ufffd[31mlock', '']);
  });

  test('longer than granted, without a reason, or not granted at all', async () => {
    expect(await refusal(enter('x', 61))).toEqual([status.INVALID_ARGUMENT, 'FIELD_INVALID']);
    expect(await refusal(enter('x', 0))).toEqual([status.INVALID_ARGUMENT, 'FIELD_INVALID']);
    expect(await refusal(enter('', 1))).toEqual([status.INVALID_ARGUMENT, 'FIELD_INVALID']);
    await serveAgain({ limits: { diskBytesMax: 1, criticalSMax: 0, previousVersions: 1 } });
    expect(await refusal(enter('x', 1))).toEqual([status.PERMISSION_DENIED, 'GRANT_MISSING']);
  });
});

test('a checkpoint is durable when the call returns, and bounded', async () => {
  const save = (bytes: number) =>
    unary(
      client.saveCheckpoint.bind(client),
      { runId: 'run-1', checkpoint: Buffer.alloc(bytes, 1) },
      options,
    );
  await save(65_536);
  expect(await checkpoints.load('run-1')).toEqual(Buffer.alloc(65_536, 1));
  expect(await refusal(save(65_537))).toEqual([status.INVALID_ARGUMENT, 'FIELD_INVALID']);
});

describe('the log (T17)', () => {
  const write = (message: string) => unary(client.log.bind(client), log20(message), options);

  test('is cleaned and cut', async () => {
    await write('a\u001b]0;title\u0007b\n');
    await write('x'.repeat(10_000));
    const [first, second] = run.events;
    expect(first).toEqual({
      kind: 'log',
      severity: 'info',
      message: 'a\ufffd]0;title\ufffdb\ufffd',
    });
    expect(second?.kind === 'log' && second.message).toHaveLength(4_096);
  });

  test('beyond 20 lines a second is dropped and counted', async () => {
    for (let count = 0; count < 25; count += 1) await write('line');
    expect(run.events).toHaveLength(20);
    nowMs += 1_000;
    await write('later');
    expect(run.events.slice(20)).toEqual([
      { kind: 'log', severity: 'warn', message: '5 lines were dropped: more than 20 a second' },
      { kind: 'log', severity: 'info', message: 'later' },
    ]);
  });
});

test('closed twice, the socket is gone', async () => {
  client.close();
  await Promise.all([listener.close(), listener.close()]);
  await expect(access(join(dir, 'host.sock'))).rejects.toMatchObject({ code: 'ENOENT' });
});
