// Updaters that say more than anybody can deal with (T23): the run ends, or waits until what it said
// was heard; the host keeps none of it.

import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AttachRequest, RunEvent as LinkEvent } from '../../proto/gen/lull/link/v1/link.js';
import {
  Failed,
  Update,
  type PerformResponse,
  type ScanResponse,
} from '../../proto/gen/lull/updater/v1/updater.js';
import { UPDATE_BYTES_MAX, UPDATES_PER_SCAN_MAX } from '../../conditions/scan-limits.js';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Manifest } from '../../bundle/manifest.js';
import type { UpdaterChannel } from '../channel/dial.grpc.js';
import { eventToWire } from '../link/event.wire.js';
import type { Outcome, RunEvent } from './event.js';
import type { Grant } from './grant.js';
import { doWork } from './work.grpc.js';

const manifest = { id: 'com.acme.tool', version: '1.0.0' } as Manifest;
const over = new AbortController();

let clock: VirtualClock;
let events: RunEvent[];
let said: number;
let hasRoom: Promise<void>;
let running: boolean;

beforeEach(() => {
  clock = new VirtualClock();
  [events, said, hasRoom, running] = [[], 0, Promise.resolve(), true];
});

afterEach(() => {
  running = false;
});

/** `message` without end, until the one who reads it goes away. */
async function* endless<T>(message: (n: number) => T): AsyncGenerator<T> {
  try {
    while (running) {
      said += 1;
      yield await Promise.resolve(message(said));
    }
  } finally {
    running = false;
  }
}

type Stream = AsyncIterable<ScanResponse> | AsyncIterable<PerformResponse>;

/** One message, and no end until the call is cancelled. */
async function* unended(
  message: PerformResponse,
  signal: AbortSignal,
): AsyncGenerator<PerformResponse> {
  yield message;
  await once(signal, 'abort');
  throw new Error('cancelled');
}

function work(
  kind: 'scan' | 'perform',
  stream: Stream | ((signal: AbortSignal) => Stream),
): Promise<Outcome> {
  const channel = {
    describe: () =>
      Promise.resolve({ name: manifest.id, version: manifest.version, capabilities: [] }),
    scan: () => stream,
    perform: (_request: unknown, signal: AbortSignal) =>
      typeof stream === 'function' ? stream(signal) : stream,
  } as unknown as UpdaterChannel;
  const grant = {
    runId: 'r',
    attempt: 1,
    settings: new Map(),
    work: kind === 'scan' ? { kind } : { kind, action: 'install', update: new Uint8Array() },
  } as unknown as Grant;
  return doWork(grant, {
    ...{ channel, manifest, clock, checkpoint: new Uint8Array(), signal: over.signal },
    room: () => hasRoom,
    emit: (event) => events.push(event),
    offer: () => undefined,
    log: createLog('test', 'silent'),
  });
}

/** Lets time pass until the work has ended. */
async function whileTimePasses<T>(working: Promise<T>): Promise<T> {
  const state = { over: false };
  void working.finally(() => (state.over = true)).catch(() => undefined);
  for (let look = 0; look < 1_000 && !state.over; look += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1_000);
  }
  return await working;
}

const find =
  (title: string) =>
  (n: number): ScanResponse => ({
    update: { ...Update.decode(new Uint8Array()), id: `u${String(n)}`, title },
  });

test('a scan that finds without end is ended', async () => {
  const outcome = await whileTimePasses(work('scan', endless(find('x'))));
  expect(outcome).toMatchObject({ kind: 'failed', reason: 'CONTRACT_BROKEN' });
  expect([events.length, said]).toEqual([UPDATES_PER_SCAN_MAX, UPDATES_PER_SCAN_MAX + 1]);
});

test.each([
  ['one update that is larger than any', 'x'.repeat(UPDATE_BYTES_MAX), 0],
  ['many that are large', 'x'.repeat(UPDATE_BYTES_MAX - 1_024), 9],
])('so is one that finds %s', async (_what, title, kept) => {
  const outcome = await whileTimePasses(work('scan', endless(find(title))));
  expect(outcome).toMatchObject({ kind: 'failed', reason: 'CONTRACT_BROKEN' });
  expect(events).toHaveLength(kept);
});

test('an updater that says its outcome and forgets to end the call is not waited for', async () => {
  const succeeded = { $case: 'succeeded', value: {} } as const;
  const outcome = await whileTimePasses(
    work('perform', (signal) =>
      unended({ kind: { $case: 'outcome', value: { kind: succeeded } } }, signal),
    ),
  );
  expect(outcome).toEqual({ kind: 'succeeded' });
  expect(events).toEqual([
    { kind: 'notice', message: expect.stringContaining('did not end') as unknown },
  ]);
});

test('one that says none is, for as long as its run may take', async () => {
  const working = work('perform', (signal) =>
    unended({ kind: { $case: 'progress', value: { fraction: 1, step: '' } } }, signal),
  );
  const first = await Promise.race([
    working,
    (async () => {
      for (let look = 0; look < 50; look += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        clock.advance(1_000);
      }
      return 'still on';
    })(),
  ]);
  expect(first).toBe('still on');
});

test('a scan that finds something and does not say what is no empty one: that would make the rest go away', async () => {
  const outcome = await work(
    'scan',
    endless<ScanResponse>(() => ({ update: undefined })),
  );
  expect(outcome).toMatchObject({ kind: 'failed', reason: 'CONTRACT_BROKEN', retry: true });
  expect(events).toEqual([]);
});

test('nothing more is read while what was said is not heard (backpressure)', async () => {
  const waiting: { go?: () => void } = {};
  hasRoom = new Promise((resolve) => {
    waiting.go = resolve;
  });
  const working = work('scan', endless(find('x')));
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect([events.length, said]).toEqual([1, 1]);
  waiting.go?.();
  await whileTimePasses(working);
});

test('an action that talks without end is read at a rate, and its notices are cut', async () => {
  const long = 'x'.repeat(1_000_000);
  const working = work(
    'perform',
    endless((n): PerformResponse => {
      const message = n > 2_000 ? '' : long;
      if (n > 2_000) running = false;
      return { kind: { $case: 'notice', value: { message } } };
    }),
  );
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(said).toBeLessThanOrEqual(501);
  await whileTimePasses(working);
  expect(said).toBe(2_001);
  const kept = events.map((event) => (event.kind === 'notice' ? event.message.length : -1));
  expect(kept).toHaveLength(100);
  expect(Math.max(...kept)).toBeLessThanOrEqual(4_096);
});

describe('an updater that fails', () => {
  async function* failing(value: Partial<Failed>): AsyncGenerator<PerformResponse> {
    const failed = Failed.fromPartial({ reason: 'ACME_IS_CLOSED', message: 'm', ...value });
    const kind = { $case: 'failed', value: failed } as const;
    yield await Promise.resolve({ kind: { $case: 'outcome', value: { kind } } });
  }
  const event = (outcome: Outcome) =>
    AttachRequest.encode({
      kind: {
        $case: 'event',
        value: LinkEvent.fromPartial({
          kind: eventToWire({ kind: 'finished', outcome, outputTail: '' }),
        }),
      },
    });

  test('and wants to be left alone for longer than there are numbers, is for a day', async () => {
    const retryAfterMs = 2n ** 64n - 1n;
    const outcome = await whileTimePasses(work('perform', failing({ retryAfterMs })));
    expect(outcome).toMatchObject({ kind: 'failed', retryAfterMs: 86_400_000 });
    // What cannot be encoded would cut the link, and every new one, for good.
    expect(() => event(outcome)).not.toThrow();
  });

  test.each<[string, Partial<Failed>, boolean]>([
    ['a server that is down, and says no more', { reason: 'UPSTREAM_DOWN' }, true],
    ['an installation that failed, and says no more', { reason: 'APPLY_FAILED' }, true],
    ['a reason that nobody can mend, and says no more', { reason: 'GRANT_MISSING' }, false],
    ['a reason of its own, and says no more', { reason: 'ACME_IS_CLOSED' }, false],
    ['a reason of its own, worth another try', { reason: 'ACME_IS_CLOSED', retry: true }, true],
    ['a server that will never be there', { reason: 'UPSTREAM_DOWN', giveUp: true }, false],
    ['both at once', { reason: 'UPSTREAM_DOWN', retry: true, giveUp: true }, false],
  ])('with %s, is tried again: %j', async (_what, value, retry) => {
    const outcome = await whileTimePasses(work('perform', failing(value)));
    expect(outcome).toMatchObject({ kind: 'failed', retry });
  });

  test.each(['', 'lower case', 'X'.repeat(64)])(
    'with "%s" for a reason is told that it is none',
    async (reason) => {
      const outcome = await whileTimePasses(work('perform', failing({ reason })));
      expect(outcome).toMatchObject({ kind: 'failed', reason: 'UPDATER_ERROR' });
      expect(outcome).toHaveProperty(
        'message',
        expect.stringContaining('no reason in UPPER_SNAKE_CASE: m'),
      );
    },
  );
});
