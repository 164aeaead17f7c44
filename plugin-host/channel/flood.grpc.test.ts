// T23: an updater that floods the host over its own socket. What it gets is refusals; the host answers
// the next honest call, and its memory stays bounded.

import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { HostServiceClient, LogRequest_Severity } from '../../proto/gen/lull/host/v1/host.js';
import { systemClock } from '../../runtime/clock.js';
import { pause } from '../../runtime/deadline.js';
import { dialUnix, unary, type Listener } from '../../runtime/grpc.js';
import { createLog } from '../../runtime/log.js';
import type { Artifacts } from '../artifacts/artifacts.http.js';
import { createInstaller } from '../install/install.fs.js';
import { createCheckpoints } from '../runs/checkpoints.fs.js';
import { treesOfFile } from '../trees/trees.testing.js';
import { startFlood } from './flooder.testing.js';
import { serveHost } from './host.grpc.js';
import { testRun, type TestRun } from './hosted-run.testing.js';

const log = createLog('test', 'silent');
const METHOD = '/lull.host.v1.HostService/SaveCheckpoint';
const RETAINED_MIB_MAX = 50;
const SETTLED_MS_MAX = 120_000;
/** To collect garbage is work, and keeps what is on its way from arriving. */
const LOOK_MS = 1_000;
const ANSWER_MS_MAX = 5_000;
/** Two thousand calls come back one by one; one that was late would be missing below. */
const FLOODED_MS_MAX = 200_000;

// A flood takes as long as the machine needs to carry it.
jest.setTimeout(240_000);

// What is left when the garbage is gone: how much garbage there may be is for the runtime to say.
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function retainedMib(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1024 ** 2;
}

let dir: string;
let run: TestRun;
let listener: Listener;
let client: HostServiceClient;
const trees = treesOfFile();
let retainedBefore: number;
let floods: Awaited<ReturnType<typeof startFlood>>[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lull-f-'));
  floods = [];
  run = testRun({ workDir: dir, artifactsDir: dir });
  const launch = { token: 't', uid: run.uid, run };
  const socketPath = join(dir, 'host.sock');
  listener = await serveHost(launch, {
    socketPath,
    artifacts: {} as Artifacts,
    installer: createInstaller({ log, trees }),
    checkpoints: createCheckpoints({ dir: join(dir, 'checkpoints') }),
    clock: systemClock,
    log,
  });
  client = dialUnix(HostServiceClient, socketPath);
  // It is in before anybody floods: so many come in, and no more.
  const first = { deadlineMs: ANSWER_MS_MAX, metadata: metadata() };
  await unary(client.leaveCritical.bind(client), { runId: 'run-1' }, first);
  retainedBefore = retainedMib();
});

afterEach(async () => {
  for (const flood of floods) await flood.end();
  client.close();
  run.end();
  await listener.close();
  rmSync(dir, { recursive: true });
});

function metadata(): Metadata {
  const token = new Metadata();
  token.set('lull-token', 't');
  return token;
}

async function flood(kind: Parameters<typeof startFlood>[0]['flood']): Promise<void> {
  floods.push(await startFlood({ socketPath: listener.path, method: METHOD, flood: kind }));
}

async function answersAsBefore(): Promise<void> {
  const request = { runId: 'run-1', checkpoint: Buffer.from('x') };
  const options = { deadlineMs: ANSWER_MS_MAX, metadata: metadata() };
  await unary(client.saveCheckpoint.bind(client), request, options);
  // What is still on its way is let go of when it has arrived.
  const giveUpAtMs = performance.now() + SETTLED_MS_MAX;
  while (retainedMib() - retainedBefore >= RETAINED_MIB_MAX && performance.now() < giveUpAtMs) {
    await pause(LOOK_MS);
  }
  expect(retainedMib() - retainedBefore).toBeLessThan(RETAINED_MIB_MAX);
}

describe('a flood of', () => {
  test('calls while the run is frozen: so many wait, and the others are refused', async () => {
    run.freeze();
    const say = { severity: LogRequest_Severity.INFO, message: 'x'.repeat(1_000) };
    const options = { deadlineMs: FLOODED_MS_MAX, metadata: metadata() };
    const codes = new Map<string, number>();
    const count = (code: string): void => void codes.set(code, (codes.get(code) ?? 0) + 1);
    const calls = Array.from({ length: 2_000 }, () =>
      unary(client.log.bind(client), say, options).then(
        () => {
          count('OK');
        },
        (error: unknown) => {
          count(status[(error as ServiceError).code]);
        },
      ),
    );
    while ((codes.get('RESOURCE_EXHAUSTED') ?? 0) < 1_968) await pause(5);
    expect(codes.get('OK')).toBeUndefined();
    run.thaw();
    await Promise.all(calls);
    expect(codes.get('OK')).toBe(32);
    await answersAsBefore();
  });

  test('messages that are too long', async () => {
    const checkpoint = Buffer.alloc(5 * 1024 * 1024);
    const patient = new Client(`unix:${listener.path}`, credentials.createInsecure(), {
      'grpc.max_send_message_length': -1,
    });
    for (let each = 0; each < 20; each += 1) {
      const code = await new Promise((resolve) => {
        const bytes = (message: Buffer): Buffer => message;
        patient.makeUnaryRequest(METHOD, bytes, bytes, checkpoint, metadata(), (error) => {
          resolve(error?.code);
        });
      });
      expect(code).toBe(status.RESOURCE_EXHAUSTED);
    }
    patient.close();
    await answersAsBefore();
  });

  test('metadata, in each of many calls', async () => {
    const big = metadata();
    for (let key = 0; key < 30; key += 1) big.set(`x-${String(key)}`, 'x'.repeat(1_000));
    const calls = Array.from({ length: 200 }, () =>
      unary(
        client.saveCheckpoint.bind(client),
        { runId: 'run-1', checkpoint: Buffer.from('x') },
        { deadlineMs: 60_000, metadata: big },
      ).then(
        () => 'OK',
        (error: unknown) => (error as ServiceError).code,
      ),
    );
    // Some versions of Node.js end the connection of whoever does this, with all its calls.
    const refusals: unknown[] = [status.RESOURCE_EXHAUSTED, status.UNAVAILABLE];
    const codes = new Set(await Promise.all(calls));
    expect([...codes].filter((code) => !refusals.includes(code))).toEqual([]);
    await answersAsBefore();
  });

  test('streams that are reset as soon as they are open', async () => {
    await flood('resets');
    await answersAsBefore();
  });

  test('calls of which each has nearly ended, over many connections', async () => {
    await flood('calls whose request never ends');
    await answersAsBefore();
  });

  test('calls whose request never comes, over many connections', async () => {
    await flood('calls without a request');
    await answersAsBefore();
  });
});
