// A call that was cut, and the next one that comes while the updater is still letting go.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { credentials, type ClientReadableStream } from '@grpc/grpc-js';
import { UpdaterServiceClient, type ScanResponse } from '../proto/gen/lull/updater/v1/updater.js';
import { unary } from '../runtime/grpc.js';
import { serveOn } from './serve.js';
import { startFakeHost, type FakeHost } from './testing/fake-host.js';

let dir: string;
let host: FakeHost;
let client: UpdaterServiceClient;
let served: { close(): Promise<void> };
/** The first scan: that it goes on, that it was cut, and what it waits for before it ends. */
let begun: PromiseWithResolvers;
let letGo: PromiseWithResolvers;

interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function pending(): PromiseWithResolvers {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lull-cut-'));
  host = await startFakeHost({ dir, token: 'right' });
  [begun, letGo] = [pending(), pending()];
  const socketPath = join(dir, 'updater.sock');
  const launch = {
    ...{ socketPath, hostSocketPath: host.socketPath, egressSocket: undefined, token: 'right' },
    ...{ workDir: host.workDir, rootsDir: host.rootsDir, traceparent: undefined },
  };
  served = await serveOn(launch, {
    describe: { name: 'dev.example.app', version: '1.0.0', capabilities: {}, software: [] },
    async *scan({ runId, signal }) {
      if (runId === 'first') {
        begun.resolve();
        if (!signal.aborted) await once(signal, 'abort');
        await letGo.promise;
      }
      yield { id: 'app', title: 'App 2', toVersion: '2', nextAction: 'download' };
    },
    perform: () => Promise.resolve({ kind: 'succeeded' }),
  });
  client = new UpdaterServiceClient(`unix:${socketPath}`, credentials.createInsecure());
});

afterEach(async () => {
  letGo.resolve();
  client.close();
  await served.close();
  await host.close();
  rmSync(dir, { recursive: true });
});

function scan(runId: string): ClientReadableStream<ScanResponse> {
  return client.scan({ runId, dryRun: false, settings: [] });
}

async function idsOf(stream: AsyncIterable<ScanResponse>): Promise<unknown[]> {
  const ids: unknown[] = [];
  for await (const { update } of stream) ids.push(update?.id);
  return ids;
}

/** One connection has its calls in order: when this is answered, what was asked before has come. */
async function arrived(): Promise<void> {
  await unary(client.describe.bind(client), {}, { deadlineMs: 5_000 });
}

test('a scan that comes while the one before lets go waits for that, and finds what there is', async () => {
  const first = scan('first');
  first.on('error', () => undefined);
  await begun.promise;
  first.cancel();
  const next = idsOf(scan('next'));
  next.catch(() => undefined);
  await arrived();
  letGo.resolve();
  expect(await next).toEqual(['app']);
});
