// An updater served for real on a socket, with a real client and a host of the test's own.

import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { credentials, status, type ClientReadableStream } from '@grpc/grpc-js';
import {
  Action,
  Severity,
  UpdaterServiceClient,
  type DescribeResponse,
  type PerformRequest,
  type PerformResponse,
  type ScanResponse,
} from '../proto/gen/lull/updater/v1/updater.js';
import { unary } from '../runtime/grpc.js';
import { fail } from './failure.js';
import { serveOn } from './serve.js';
import { startFakeHost, type FakeHost } from './testing/fake-host.js';
import { hostError } from './testing/host-error.js';
import type {
  Capabilities,
  Outcome,
  PerformCall,
  UpdateFound,
  UpdaterDefinition,
} from './updater.js';

const found: UpdateFound = {
  id: 'app',
  title: 'App 2',
  fromVersion: '1',
  toVersion: '2',
  downloadBytes: 10,
  needs: { network: true },
  conflictKeys: ['app'],
  ...({ severity: 'important', digest: 'sha256:ab' } as const),
  nextAction: 'download',
};
const update = {
  ...{ id: 'app', title: 'App 2', fromVersion: '1', toVersion: '2' },
  ...{ downloadBytes: 10n, installBytes: undefined },
  security: false,
  releaseNotesUrl: '',
  deadlineUnixMs: undefined,
  needs: { network: true, closedApps: [], restartApp: false, reboot: false },
  exclusive: false,
  conflictKeys: ['app'],
  expectedS: undefined,
  nextAction: Action.DOWNLOAD,
  ...{ severity: Severity.IMPORTANT, digest: 'sha256:ab' },
};

let dir: string;
let host: FakeHost;
let client: UpdaterServiceClient;
let served: { close(): Promise<void> };
let onHostCall: () => void;
/** What the updater under test does. */
let scan: UpdaterDefinition['scan'];
let perform: (call: PerformCall) => Promise<Outcome>;

async function* one(): AsyncGenerator<UpdateFound> {
  yield found;
  await Promise.resolve();
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lull-sdk-'));
  onHostCall = () => undefined;
  scan = one;
  perform = () => Promise.resolve({ kind: 'succeeded' });
  host = await startFakeHost({
    dir,
    token: 'right',
    onCall: () => {
      onHostCall();
    },
  });
  await start('right');
});

afterEach(async () => {
  client.close();
  await served.close();
  await host.close();
  rmSync(dir, { recursive: true });
});

async function start(token: string, more: Capabilities = {}): Promise<void> {
  const socketPath = join(dir, 'updater.sock');
  const launch = {
    socketPath,
    hostSocketPath: host.socketPath,
    egressSocket: undefined,
    token,
    workDir: host.workDir,
    rootsDir: host.rootsDir,
    traceparent: undefined,
  };
  served = await serveOn(launch, {
    describe: {
      name: 'dev.example.app',
      version: '1.2.3',
      capabilities: { rollback: true, stateSchemaVersion: 2, ...more },
      software: ['App'],
    },
    scan: (call) => scan(call),
    perform: (call) => perform(call),
  });
  client = new UpdaterServiceClient(`unix:${socketPath}`, credentials.createInsecure());
}

function request(more: Partial<PerformRequest> = {}): PerformRequest {
  const checkpoint = Buffer.from('saved');
  const settings = [{ name: 'prefix', value: '/opt/app' }];
  return { runId: 'r1', attempt: 2, update, action: Action.INSTALL, checkpoint, settings, ...more };
}

/** Everything that a stream says until it ends. */
async function all<Message>(stream: ClientReadableStream<Message>): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const each of stream) messages.push(each as Message);
  return messages;
}

async function outcome(more?: Partial<PerformRequest>): Promise<unknown> {
  const messages = await all<PerformResponse>(client.perform(request(more)));
  return messages.at(-1)?.kind?.value;
}

function reasonOf(error: unknown): unknown {
  return (error as { metadata: { get(key: string): unknown[] } }).metadata.get('lull-reason')[0];
}

async function refusal(work: Promise<unknown>): Promise<{ code: unknown; reason: unknown }> {
  const error: unknown = await work.then(
    () => undefined,
    (each: unknown) => each,
  );
  return { code: (error as { code?: unknown }).code, reason: reasonOf(error) };
}

describe('an updater', () => {
  test('describes itself and claims what it can', async () => {
    const answer = await new Promise<DescribeResponse>((resolve, reject) => {
      client.describe({}, (error, response) => {
        if (error === null) resolve(response);
        else reject(error);
      });
    });
    expect(answer).toEqual({
      name: 'dev.example.app',
      version: '1.2.3',
      capabilities: [
        { kind: { $case: 'rollback', value: {} } },
        { kind: { $case: 'state', value: { schemaVersion: 2 } } },
      ],
      software: ['App'],
    });
  });

  test('takes the place of a socket that a killed launch left, and nobody else may use it', async () => {
    client.close();
    await served.close();
    const socketPath = join(dir, 'updater.sock');
    const dead = createServer().listen(`${socketPath}.dead`);
    await once(dead, 'listening');
    // Renamed, it is not removed when its server goes away.
    renameSync(`${socketPath}.dead`, socketPath);
    dead.close();
    await once(dead, 'close');
    await start('right');
    expect(await outcome()).toEqual({ kind: { $case: 'succeeded', value: {} } });
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
  });

  test('refuses what it does not offer', async () => {
    const pause = new Promise((resolve, reject) => {
      client.pause({ runId: 'r1', deadlineMs: 10 }, (error) => {
        if (error === null) resolve(undefined);
        else reject(error);
      });
    });
    const absent = { code: status.UNIMPLEMENTED, reason: 'CAPABILITY_ABSENT' };
    expect(await refusal(pause)).toEqual(absent);
    const forget = new Promise((resolve, reject) => {
      client.forget({ updateId: 'app' }, (error) => {
        if (error === null) resolve(undefined);
        else reject(error);
      });
    });
    expect(await refusal(forget)).toEqual(absent);
  });
});

describe('an updater that can be asked to pause', () => {
  const quick = { deadlineMs: 5_000 };
  const ask = (runId: string) =>
    unary(client.pause.bind(client), { runId, deadlineMs: 1_000 }, quick);
  const resume = (runId: string) => unary(client.resume.bind(client), { runId }, quick);

  beforeEach(async () => {
    client.close();
    await served.close();
    await start('right', { pause: true });
  });

  test('answers at its safe point, stands there, and goes on when it is told', async () => {
    let [steps, paused] = [0, false];
    perform = async (call) => {
      while (!paused || steps < 3) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        await call.safePoint();
        if (paused) steps += 1;
      }
      return { kind: 'succeeded' };
    };
    const done = outcome();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await ask('r1');
    paused = true;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(steps).toBe(0);
    await resume('r1');
    expect(await done).toEqual({ kind: { $case: 'succeeded', value: {} } });
    expect(steps).toBe(3);
    await ask('r1'); // Of a run that is not known there is nothing to pause.
  });
});

describe('a scan', () => {
  const run = (runId = 's1') =>
    all<ScanResponse>(client.scan({ runId, dryRun: false, settings: [] }));

  test('streams what was found', async () => {
    expect(await run()).toEqual([{ update }]);
  });

  test('fails with the reason of the contract', async () => {
    scan = async function* () {
      yield found;
      await Promise.resolve();
      throw fail('UPSTREAM_DOWN', 'nobody answers');
    };
    expect(await refusal(run())).toEqual({ code: status.UNAVAILABLE, reason: 'UPSTREAM_DOWN' });
  });

  test('needs an id', async () => {
    const invalid = { code: status.INVALID_ARGUMENT, reason: 'FIELD_INVALID' };
    expect(await refusal(run(''))).toEqual(invalid);
    expect(await refusal(run('x'.repeat(65)))).toEqual(invalid);
  });
});

describe('an action', () => {
  test('is given its run, and says progress, notices and one outcome', async () => {
    let seen: unknown;
    perform = async (call) => {
      const { runId, attempt, settings, signal } = call;
      seen = { runId, attempt, settings: [...settings], aborted: signal.aborted };
      expect(Buffer.from(call.checkpoint).toString()).toBe('saved');
      expect(call.rootDir('prefix')).toBe(join(host.rootsDir, 'prefix'));
      call.progress(0.5, 'half');
      call.notice('n'.repeat(1_000));
      call.host.log('info', 'said before the end');
      await call.host.saveCheckpoint(Buffer.from('next'));
      return { kind: 'more_to_do', nextAction: 'verify', expectedS: 3 };
    };
    const messages = await all<PerformResponse>(client.perform(request()));
    expect(seen).toEqual({
      runId: 'r1',
      attempt: 2,
      settings: [['prefix', '/opt/app']],
      aborted: false,
    });
    expect(messages.map(({ kind }) => kind)).toEqual([
      { $case: 'progress', value: { fraction: 0.5, step: 'half' } },
      { $case: 'notice', value: { message: `${'n'.repeat(253)}…` } },
      {
        $case: 'outcome',
        value: {
          kind: { $case: 'moreToDo', value: { nextAction: Action.VERIFY, expectedS: 3 } },
        },
      },
    ]);
    expect(host.checkpoints.get('r1')?.toString()).toBe('next');
    expect(host.logLines).toEqual(['said before the end']);
  });

  const failures: [string, Error, Action, object][] = [
    [
      'one of its own',
      fail('DISK_ODD', 'odd', { retry: true }),
      Action.INSTALL,
      { reason: 'DISK_ODD', message: 'odd', retry: true },
    ],
    [
      'a full disk',
      Object.assign(new Error('write'), { code: 'ENOSPC' }),
      Action.DOWNLOAD,
      { reason: 'NO_SPACE', retry: true },
    ],
    ['a bug in an installation', new Error('oops'), Action.INSTALL, { reason: 'APPLY_FAILED' }],
    ['a bug in a verification', new Error('oops'), Action.VERIFY, { reason: 'VERIFY_FAILED' }],
    ['a bug in a download', new Error('oops'), Action.DOWNLOAD, { reason: 'UPDATER_ERROR' }],
  ];
  test.each(failures)('fails with %s', async (_name, error, action, expected) => {
    perform = () => Promise.reject(error);
    expect(await outcome({ action })).toMatchObject({ kind: { $case: 'failed', value: expected } });
  });

  test('fails with the reason that the host gave', async () => {
    perform = async ({ host: lull }) => {
      await lull.commit('prefix', 'stage');
      return { kind: 'succeeded' };
    };
    onHostCall = () => {
      throw hostError(status.DATA_LOSS, 'DIGEST_MISMATCH', 'it has another digest');
    };
    const value = { reason: 'DIGEST_MISMATCH', message: 'it has another digest', retry: false };
    expect(await outcome()).toMatchObject({ kind: { $case: 'failed', value } });
  });

  test('with the token of another launch gets nothing from the host', async () => {
    client.close();
    await served.close();
    await start('wrong');
    perform = async ({ host: lull }) => {
      await lull.fetch({ url: 'http://127.0.0.1:1/', digests: [], sizeMaxBytes: 1 });
      return { kind: 'succeeded' };
    };
    const value = expect.objectContaining({ reason: 'TOKEN_INVALID' }) as unknown;
    expect(await outcome()).toEqual({ kind: { $case: 'failed', value } });
  });

  test('without an update or a known action is malformed', async () => {
    const malformed = { code: status.INVALID_ARGUMENT, reason: 'FIELD_INVALID' };
    expect(await refusal(outcome({ update: undefined }))).toEqual(malformed);
    expect(await refusal(outcome({ action: Action.UNSPECIFIED }))).toEqual(malformed);
  });
});

describe('two calls at once', () => {
  /** Performs that wait until they are cut, and what happened to them in order. */
  function waiting(): { events: string[]; begun: () => Promise<void> } {
    const events: string[] = [];
    let resolve: (() => void)[] = [];
    perform = async ({ runId, attempt, signal }) => {
      events.push(`${runId}/${String(attempt)} begins`);
      for (const each of resolve.splice(0)) each();
      if (attempt === 3) return { kind: 'succeeded' };
      if (!signal.aborted) await once(signal, 'abort');
      events.push(`${runId}/${String(attempt)} ends`);
      throw signal.reason;
    };
    return {
      events,
      begun: () =>
        new Promise<void>((done) => {
          resolve = [...resolve, done];
        }),
    };
  }

  test('of the same run: the first is cut and waited for', async () => {
    const { events, begun } = waiting();
    const begins = begun();
    const first = refusal(all(client.perform(request({ attempt: 1 }))));
    await begins;
    expect(await outcome({ attempt: 3 })).toEqual({ kind: { $case: 'succeeded', value: {} } });
    expect(events).toEqual(['r1/1 begins', 'r1/1 ends', 'r1/3 begins']);
    expect((await first).reason).toBe('CANCELLED');
  });

  test('of different runs: the second waits its turn at the host', async () => {
    const { begun } = waiting();
    const begins = begun();
    const stream = client.perform(request({ attempt: 1 }));
    const first = refusal(all(stream));
    await begins;
    const pending = { code: status.ABORTED, reason: 'RUN_PENDING' };
    expect(await refusal(outcome({ runId: 'r2', attempt: 3 }))).toEqual(pending);
    stream.cancel();
    expect((await first).code).toBe(status.CANCELLED);
  });

  test('end when the updater is told to end', async () => {
    const { events, begun } = waiting();
    const begins = begun();
    const first = refusal(all(client.perform(request({ attempt: 1 }))));
    await begins;
    await served.close();
    expect((await first).reason).toBe('SHUTTING_DOWN');
    expect(events).toEqual(['r1/1 begins', 'r1/1 ends']);
  });
});
