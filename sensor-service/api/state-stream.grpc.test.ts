import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AT_REST, percentSignals, type Reading } from '../../conditions/reading.js';
import {
  SensorServiceClient,
  SensorServiceService,
  type WatchStateResponse,
} from '../../proto/gen/lull/sensor/v1/sensor.js';
import { applyReadings } from '../../proto/wire/reading.js';
import { within } from '../../runtime/deadline.js';
import { dialUnix, serveUnix, unary, type Listener } from '../../runtime/grpc.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { createLatest, type Latest } from '../sampling/latest.js';
import { StateStream, type WatchCall } from './state-stream.grpc.js';

const unused = (): void => {
  throw new Error('not called here');
};

let dir: string;
let clock: VirtualClock;
let latest: Latest;
let listener: Listener;
let client: SensorServiceClient;
let stream: StateStream | undefined;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lull-stream-'));
  latest = createLatest(() => undefined);
  clock = new VirtualClock();
  listener = await serveUnix({
    path: join(dir, 's'),
    mode: 0o600,
    register: (server) => {
      server.addService(SensorServiceService, {
        getState: (
          _call: unknown,
          callback: (error: null, state: { readings: never[] }) => void,
        ) => {
          callback(null, { readings: [] });
        },
        reportPresence: unused,
        getInventory: unused,
        watchState: (call: WatchCall) => {
          stream = new StateStream(call, { clock, latest });
        },
      });
    },
  });
  client = dialUnix(SensorServiceClient, listener.path);
});

afterEach(async () => {
  stream?.close();
  client.close();
  await listener.close();
  rmSync(dir, { recursive: true });
});

test('who watches at rest is told that what nobody has measured yet is not measured at rest', async () => {
  const snapshot = async (edgesOnly: boolean): Promise<string[]> => {
    const call = client.watchState({ heartbeatMs: 60_000, edgesOnly, apps: [], diskPaths: [] });
    call.on('error', () => undefined);
    const message = await within(
      new Promise<WatchStateResponse>((resolve) => call.once('data', resolve)),
      5_000,
      'the snapshot',
    );
    call.cancel();
    const readings = applyReadings(new Map(), message);
    return [...readings].flatMap(([key, { value }]) =>
      value.kind === 'unknown' && value.why === AT_REST ? [key] : [],
    );
  };
  expect((await snapshot(true)).sort()).toEqual([...percentSignals, 'network.others'].sort());
  expect(await snapshot(false)).toEqual([]);
});

/** An edge that is always worth telling, and heavy enough to fill buffers. */
function edge(n: number): Reading {
  return {
    signal: 'presence',
    instance: '',
    observedAtMs: n,
    observedMonotonicNs: BigInt(n),
    source: 'x'.repeat(1_000),
    value: { kind: 'presence', presence: { kind: 'away', sinceMs: n } },
  };
}

const numberOf = (message: WatchStateResponse): number =>
  Number(message.readings[0]?.observedMonotonicNs ?? -1n);

/** Receives until the message about edge `last`. */
async function receiveUntil(
  last: number,
  whileOpen: (pause: () => void, resume: () => void) => Promise<void>,
  heartbeatMs = 60_000,
) {
  const call = client.watchState({
    heartbeatMs,
    edgesOnly: false,
    apps: [],
    diskPaths: [],
  });
  call.on('error', () => undefined);
  const received: number[] = [];
  const done = new Promise<void>((resolve) => {
    call.on('data', (message: WatchStateResponse) => {
      received.push(numberOf(message));
      if (numberOf(message) === last) resolve();
    });
  });
  await within(new Promise((resolve) => call.once('data', resolve)), 5_000, 'the snapshot');
  await whileOpen(
    () => call.pause(),
    () => call.resume(),
  );
  await within(done, 10_000, 'the latest state');
  call.cancel();
  return received;
}

test.each([
  ['who guards a run is told the first one, and the latest state', 200, [-1, 0, 9_999]],
  ['whoever else watches is told the latest state', 60_000, [-1, 9_999]],
])('of edges that come in one tick %s', async (_, heartbeatMs, told) => {
  const putAll = (): Promise<void> => {
    for (let n = 0; n < 10_000; n += 1) latest.put([edge(n)]);
    return Promise.resolve();
  };
  expect(await receiveUntil(9_999, putAll, heartbeatMs)).toEqual(told);
});

test('what whoever guards a run is told leaves before anything is written to others (T1)', async () => {
  const written: string[] = [];
  const watcher = (name: string, heartbeatMs: number): StateStream => {
    const call = {
      request: { heartbeatMs, edgesOnly: false, apps: [], diskPaths: [] },
      write: (_message: unknown, done: () => void) => {
        written.push(name);
        process.nextTick(done);
      },
      end: () => undefined,
    };
    return new StateStream(call as unknown as WatchCall, { clock, latest });
  };
  const both = [watcher('another', 10_000), watcher('the guard', 200)];
  for (let turn = 0; turn < 2; turn += 1) await new Promise(setImmediate);
  written.length = 0;
  latest.put([edge(1)]);
  written.push('the end of the tick');
  await new Promise(setImmediate);
  written.push('a guard of this process reads');
  await new Promise(setImmediate);
  expect(written).toEqual([
    ...['the guard', 'the end of the tick'],
    ...['a guard of this process reads', 'another'],
  ]);
  for (const each of both) each.close();
});

test('last words are for whoever was told of it, and leave nothing behind', async () => {
  const app = (instance: string, value: Reading['value']): Reading => ({
    ...edge(0),
    ...{ signal: 'app.running', instance, value },
  });
  const gone = { kind: 'unknown', why: 'no update asks about it' } as const;
  const written: string[] = [];
  const call = {
    request: { heartbeatMs: 200, edgesOnly: false, apps: [], diskPaths: [] },
    write: ({ readings }: WatchStateResponse, done: () => void) => {
      for (const { instance, value } of readings)
        written.push(`${instance} ${String(value?.$case)}`);
      process.nextTick(done);
    },
    end: () => undefined,
  };
  latest.put([app('/old', { kind: 'flag', flag: true })]);
  const watcher = new StateStream(call as unknown as WatchCall, { clock, latest });
  const turn = (): Promise<unknown> => new Promise(setImmediate);
  await turn();
  latest.forget([app('/old', gone)]);
  await turn();
  latest.forget([app('/old', gone), app('/never/told', gone)]);
  await turn();
  latest.put([app('/old', { kind: 'flag', flag: false })]);
  await turn();
  expect(written).toEqual(['/old flag', '/old unknown', '/old flag']);
  watcher.close();
});

test('a reader that does not read is owed the latest state, not a queue', async () => {
  const edgesCount = 20_000;
  const received = await receiveUntil(edgesCount - 1, async (pause, resume) => {
    pause();
    for (let n = 0; n < edgesCount; n += 1) {
      latest.put([edge(n)]);
      if (n % 10 === 0) await new Promise(setImmediate);
    }
    resume();
  });
  // What fits into the transport's own buffers had left already; the rest was never queued.
  expect(received.length).toBeLessThan(edgesCount / 10);
});

describe('while a run is on', () => {
  const level = (percent: number): Reading => ({
    ...edge(0),
    signal: 'cpu.busy',
    source: 'test',
    value: { kind: 'number', number: percent },
  });
  const percentsOf = (message: WatchStateResponse): unknown[] =>
    message.readings.map(({ value }) => (value?.$case === 'number' ? value.value : value));
  /**
   * Until a message has left, another one is owed. What was written before a question has left when its
   * answer is here; and what the one who wrote it makes of that, when the next one is.
   */
  const leave = async (): Promise<void> => {
    for (let trip = 0; trip < 2; trip += 1) {
      await unary(client.getState.bind(client), {}, { deadlineMs: 10_000 });
    }
  };

  let received: unknown[][];

  /** Rounds of measuring, each of which says how busy the machine is; undefined: nothing new. */
  async function rounds(percents: readonly (number | undefined)[]): Promise<void> {
    for (const percent of percents) {
      clock.advance(90);
      latest.put(percent === undefined ? [] : [level(percent)]);
      await leave();
    }
  }

  async function watch(heartbeatMs: number): Promise<void> {
    received = [];
    const call = client.watchState({ heartbeatMs, edgesOnly: false, apps: [], diskPaths: [] });
    call.on('error', () => undefined);
    const opened = new Promise((resolve) => call.once('data', resolve));
    call.on('data', (message: WatchStateResponse) => received.push(percentsOf(message)));
    await within(opened, 5_000, 'the snapshot');
    await leave();
    received = [];
  }

  const guards = (): Promise<void> => watch(200);

  test('who guards it hears of a still machine at every second round, and never later than it asked', async () => {
    await guards();
    await rounds([undefined, undefined, undefined, undefined]);
    expect(received).toEqual([[], []]);
  });

  test('who guards it hears a level that sways with the next heartbeat, in its latest state', async () => {
    await guards();
    // What was never told is told at once.
    await rounds([3, 5, 6]);
    expect(received).toEqual([[3], [6]]);
  });

  test('one tick of a core of two is no jump: it wakes nobody before the next heartbeat', async () => {
    await guards();
    await rounds([1, 6.75]);
    expect(received).toEqual([[1]]);
    await rounds([6.75]);
    expect(received).toEqual([[1], [6.75]]);
  });

  test('who guards it hears a level that jumps, and an edge, at once', async () => {
    await guards();
    await rounds([1, 1]);
    received = [];
    await rounds([30]);
    expect(received).toEqual([[30]]);
    latest.put([edge(7)]);
    await leave();
    expect(received).toHaveLength(2);
  });

  test('who guards it hears nothing any more when nothing is measured: that is a silence', async () => {
    await guards();
    clock.advance(60_000);
    await leave();
    expect(received).toEqual([]);
  });

  test('whoever else watches hears once a second how load sways, and at once of a jump', async () => {
    await watch(10_000);
    await rounds([3, 5, 6, 5, 6, 4, 5, 6, 7, 6, 8, undefined]);
    expect(received).toEqual([[3], [8]]);
    await rounds([6, 7, 30]);
    expect(received).toEqual([[3], [8], [30]]);
  });
});
