// The contract's own times, at a clock that the test turns: what nobody tells openUpdater otherwise.

import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UpdaterServiceService } from '../../proto/gen/lull/updater/v1/updater.js';
import type { SandboxExit } from '../sandbox/sandbox.js';
import { openUpdater, type UpdaterChannel, type UpdaterDial } from './dial.grpc.js';

let dial: UpdaterDial;

beforeEach(() => {
  // Patience is measured by these two; everything else is real, as the socket is.
  const others = ['Date', 'hrtime', 'nextTick', 'queueMicrotask'] as const;
  const waits = ['setImmediate', 'clearImmediate', 'setTimeout', 'clearTimeout'] as const;
  jest.useFakeTimers({ doNotFake: [...others, ...waits] });
  dial = {
    channelDir: mkdtempSync(join(tmpdir(), 'lull-')),
    uid: process.getuid?.() ?? 0,
    exited: new Promise<SandboxExit>(() => undefined),
    signal: new AbortController().signal,
    standstill: { isHeld: () => false, starvedUs: () => 0 },
  };
});
afterEach(async () => {
  jest.useRealTimers();
  await rm(dial.channelDir, { recursive: true, force: true });
});

/** Whether it is at an end by now, a moment of the real time later. */
async function isOver(waiting: Promise<unknown>): Promise<boolean> {
  const over = waiting.then(
    () => true,
    () => true,
  );
  const moment = new Promise((resolve) => setTimeout(resolve, 50));
  return Promise.race([over, moment.then(() => false)]);
}

test('an updater has ten seconds to serve', async () => {
  const opening = openUpdater(dial);
  jest.advanceTimersByTime(9_900);
  expect(await isOver(opening)).toBe(false);
  jest.advanceTimersByTime(200);
  await expect(opening).rejects.toThrow(/did not serve at LULL_SOCKET.* within 10000 ms$/);
});

test('and five to describe itself', async () => {
  const server = new Server();
  // The one call that matters here is the one that is not answered.
  const silent = new Proxy<UntypedServiceImplementation>({}, { get: () => () => undefined });
  server.addService(UpdaterServiceService, silent);
  new HealthImplementation({ '': 'SERVING' }).addToServer(server);
  const path = join(dial.channelDir, 'updater.sock');
  await new Promise((resolve) => {
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), resolve);
  });
  let updater: UpdaterChannel | undefined;
  try {
    updater = await openUpdater(dial);
    const describing = updater.describe();
    jest.advanceTimersByTime(4_900);
    expect(await isOver(describing)).toBe(false);
    jest.advanceTimersByTime(200);
    await expect(describing).rejects.toThrow(/did not answer Describe within 5000 ms$/);
  } finally {
    updater?.close();
    server.forceShutdown();
  }
});
