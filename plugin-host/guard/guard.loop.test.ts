// The guard, with a sensor-service that says what the test wants. (With the real one:
// cli/commands/guard-and-sensor.test.ts.)

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Requirement } from '../../conditions/requirement.js';
import {
  SensorServiceService,
  type Reading,
  type SensorServiceServer,
  type WatchStateRequest,
  type WatchStateResponse,
} from '../../proto/gen/lull/sensor/v1/sensor.js';
import { serveUnix, type Listener } from '../../runtime/grpc.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { openGuard, type Guard } from './guard.loop.js';
import { until } from '../../runtime/until.testing.js';

type Stream = ServerWritableStream<WatchStateRequest, WatchStateResponse>;

const away: Requirement = { kind: 'person-away', forMs: 0 };
const onAc: Requirement = { kind: 'on-ac' };

let directory: string;
let listener: Listener;
let clock: VirtualClock;
let guard: Guard;
let streams: Stream[];
let state: Reading[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lull-g-'));
  clock = new VirtualClock();
  [streams, state] = [[], [presence(true), ac(true)]];
  const handlers = {
    watchState: (stream: Stream) => {
      streams.push(stream);
      stream.on('cancelled', () => (streams = streams.filter((each) => each !== stream)));
      stream.write({ snapshot: true, readings: state });
    },
  } as unknown as SensorServiceServer;
  listener = await serveUnix({
    path: join(directory, 'sensor.sock'),
    mode: 0o600,
    register: (server) => {
      server.addService(SensorServiceService, handlers);
    },
  });
  guard = openGuard({ runDir: directory, clock });
  await until('the first readings', () => guard.readings.size === 2);
});

afterEach(async () => {
  await guard.close();
  await listener.close();
  rmSync(directory, { recursive: true });
});

function reading(signal: string, value: Reading['value'], observedMonotonicNs = 0n): Reading {
  return { signal, instance: '', observedAtUnixMs: 0n, observedMonotonicNs, source: 'test', value };
}

function presence(isAway: boolean, observedNs?: bigint): Reading {
  const kind = isAway
    ? ({ $case: 'away', value: { sinceUnixMs: 0n, locked: false, dark: false } } as const)
    : ({ $case: 'engaged', value: {} } as const);
  return reading('presence', { $case: 'presence', value: { kind } }, observedNs);
}

function ac(flag: boolean): Reading {
  return reading('power.ac', { $case: 'flag', value: flag });
}

function tell(...readings: Reading[]): void {
  const told = new Set(readings.map(({ signal }) => signal));
  state = [...state.filter(({ signal }) => !told.has(signal)), ...readings];
  for (const stream of streams) stream.write({ snapshot: false, readings });
}

/** Protects a run, and collects what it is told. */
function protect(...requirements: Requirement[]) {
  const broken: { codes: string[]; edgeNs: bigint | undefined }[] = [];
  const release = guard.protect({
    requirements,
    onBroken: (reasons, edgeNs) =>
      broken.push({ codes: reasons.map(({ code }) => code), edgeNs: edgeNs() }),
  });
  return { broken, release };
}

test('an edge that breaks a guard is told with its reasons and the instant it was seen', async () => {
  const { broken } = protect(away, onAc);
  tell(presence(false, 42n));
  await until('the first edge', () => broken.length === 1);
  expect(broken).toEqual([{ codes: ['PERSON_PRESENT'], edgeNs: 42n }]);
  tell(ac(false));
  await until('the second edge', () => broken.length === 2);
  expect(broken[1]?.codes).toEqual(['PERSON_PRESENT', 'ON_BATTERY']);
});

test('each guard is judged by its own requirements, and only while it is held', async () => {
  const [first, second, released] = [protect(away), protect(onAc), protect(away)];
  released.release();
  tell(presence(false));
  await until('the edge', () => first.broken.length === 1);
  expect({ second: second.broken, released: released.broken }).toEqual({
    second: [],
    released: [],
  });
});

test("what gets better is told to nobody: letting go is not the guard's (G1)", async () => {
  tell(presence(false));
  await until('the reading', () => guard.objections([away]).length === 1);
  const { broken } = protect(away);
  tell(presence(true));
  await until('the reading', () => guard.objections([away]).length === 0);
  expect(broken).toEqual([]);
});

describe('silence of the sensors', () => {
  test('breaks every guard within half a second while something is guarded (G2, G3)', async () => {
    const one = protect(away);
    const other = protect(onAc);
    await until(
      'the faster watch',
      () => streams.length === 1 && streams[0]?.request.heartbeatMs === 200,
    );
    // The new watch serves from its first readings on.
    tell(reading('network.metered', { $case: 'flag', value: false }));
    await until('a reading by the new watch', () => guard.readings.has('network.metered'));
    clock.advance(499);
    expect(one.broken).toEqual([]);
    clock.advance(1);
    expect(one.broken).toEqual([{ codes: ['PRESENCE_UNKNOWN'], edgeNs: undefined }]);
    expect(other.broken).toEqual([{ codes: ['AC_UNKNOWN'], edgeNs: undefined }]);
  });

  test('is not looked for so often while nothing is guarded (G3)', async () => {
    expect(streams[0]?.request.heartbeatMs).toBe(10_000);
    const { release } = protect(away);
    await until('the faster watch', () => streams[0]?.request.heartbeatMs === 200);
    const second = protect(away);
    release();
    second.release();
    second.release();
    await until('the slower watch', () => streams[0]?.request.heartbeatMs === 10_000);
    clock.advance(20_000);
    expect(guard.objections([away])).toEqual([]);
  });

  test('by its end is noticed at once, and ends with new readings', async () => {
    const { broken } = protect(away);
    await listener.close();
    await until('the silence', () => broken.length > 0);
    expect(broken[0]).toEqual({ codes: ['PRESENCE_UNKNOWN'], edgeNs: undefined });
    expect(guard.objections([away]).map(({ code }) => code)).toEqual(['PRESENCE_UNKNOWN']);
  });
});

test('what others want watched is watched at the pace of the guard while something is guarded', async () => {
  const asked = (): Partial<WatchStateRequest> | undefined => streams.at(-1)?.request;
  const want = { edgesOnly: true, apps: ['/usr/bin/editor'], diskPaths: ['/srv'] };
  guard.want(want);
  await until('what is wanted', () => asked()?.apps?.length === 1);
  expect(asked()).toMatchObject({ heartbeatMs: 10_000, ...want });
  const { release } = protect(away);
  await until('the pace of a run', () => asked()?.heartbeatMs === 200);
  expect(asked()).toMatchObject({ ...want, edgesOnly: false });
  release();
  await until('the slower watch', () => asked()?.heartbeatMs === 10_000);
  expect(asked()).toMatchObject(want);
});

test('whoever tells others hears of what broke a guard in the same step, after the guard', async () => {
  const order: string[] = [];
  protect(away);
  guard.protect({ requirements: [away], onBroken: () => order.push('guard') });
  guard.onReadings(() => {
    order.push('others');
    queueMicrotask(() => order.push('later'));
  });
  tell(presence(false));
  await until('all of them', () => order.includes('later'));
  expect(order).toEqual(['guard', 'others', 'later']);
});

test('before any sensor has spoken everything is unknown, and so closed', async () => {
  const alone = openGuard({ runDir: join(directory, 'nowhere'), clock });
  expect(alone.objections([away, onAc]).map(({ code }) => code)).toEqual([
    'PRESENCE_UNKNOWN',
    'AC_UNKNOWN',
  ]);
  await alone.close();
});

test('closed, it tells nobody anything', async () => {
  const { broken } = protect(away);
  await guard.close();
  tell(presence(false));
  clock.advance(60_000);
  await until('the end of the watch', () => streams.length === 0);
  expect(broken).toEqual([]);
});
