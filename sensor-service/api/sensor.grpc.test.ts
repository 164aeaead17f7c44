import { lstatSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { WatchStateResponse } from '../../proto/gen/lull/sensor/v1/sensor.js';
import { applyReadings } from '../../proto/wire/reading.js';
import { systemClock } from '../../runtime/clock.js';
import { unary } from '../../runtime/grpc.js';
import { reasonOf } from '../../runtime/reason.js';
import { SocketInUseError } from '../../runtime/socket-path.fs.js';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { startSensorService } from '../main.js';
import { statText } from '../probe/fake-machine.testing.js';
import { REPORT_TTL_MS_MAX } from '../reading/reported.js';
import {
  Report,
  startSensorUnderTest,
  watchPlainly,
  type SensorUnderTest,
  type Watched,
} from './sensor-under-test.testing.js';

let clock: VirtualClock;
let sensor: SensorUnderTest;
let streams: Watched[];

beforeEach(async () => {
  clock = new VirtualClock();
  sensor = await startSensorUnderTest(clock);
  streams = [];
});

afterEach(async () => {
  for (const stream of streams) stream.close();
  await sensor.close();
});

function watch(heartbeatMs?: number): Watched {
  const stream = watchPlainly(sensor.client, heartbeatMs);
  streams.push(stream);
  return stream;
}

const presenceIn = (message: WatchStateResponse): unknown =>
  message.readings.find(({ signal }) => signal === 'presence')?.value;

const engaged = { $case: 'presence', value: { kind: { $case: 'engaged', value: {} } } };

describe('a watcher', () => {
  test('gets a snapshot of everything first, then the edge', async () => {
    const stream = watch();
    const snapshot = await stream.next();
    expect(snapshot.snapshot).toBe(true);
    expect(applyReadings(new Map(), snapshot).get('memory.used')?.value).toEqual({
      kind: 'number',
      number: 25,
    });
    const before = process.hrtime.bigint();
    await sensor.report(Report.ENGAGED);
    const edge = await stream.next();
    expect(edge.snapshot).toBe(false);
    expect(edge.readings).toHaveLength(1);
    expect(presenceIn(edge)).toEqual(engaged);
    const observed = edge.readings[0]?.observedMonotonicNs ?? 0n;
    expect(observed).toBeGreaterThan(before);
    expect(observed).toBeLessThan(process.hrtime.bigint());
  });

  test('and another both hear of the same edge', async () => {
    const [one, two] = [watch(), watch()];
    await one.next();
    await two.next();
    await sensor.report(Report.AWAY);
    const since = BigInt(clock.now().wallMs);
    const away = {
      kind: { $case: 'away', value: { sinceUnixMs: since, locked: false, dark: false } },
    };
    expect(presenceIn(await one.next())).toEqual({ $case: 'presence', value: away });
    expect(presenceIn(await two.next())).toEqual({ $case: 'presence', value: away });
  });

  test('that comes after a report finds it in its snapshot', async () => {
    await sensor.report(Report.ENGAGED);
    expect(presenceIn(await watch().next())).toEqual(engaged);
  });

  test('hears that a report has expired', async () => {
    const stream = watch();
    await stream.next();
    await sensor.report(Report.ENGAGED, 100);
    await stream.next();
    clock.advance(100);
    expect(presenceIn(await stream.next())).toMatchObject({ $case: 'unknown' });
  });

  test('of a still machine hears heartbeats only', async () => {
    // Often enough that a look which is still under way when time is moved on is missed by nobody:
    // shares of time are measured over 5 s.
    const stream = watch(1_000);
    await stream.next();
    clock.advance(250);
    // Shares of time have a value from the second round on.
    const second = await stream.next();
    expect(second.readings.length).toBeGreaterThan(0);
    for (let beat = 0; beat < 3; beat += 1) {
      clock.advance(1_000);
      expect(await stream.next()).toEqual({ snapshot: false, readings: [] });
    }
    expect(stream.received).toHaveLength(5);
  });

  test('hears of load that arrives', async () => {
    const stream = watch();
    await stream.next();
    sensor.machine.write('proc/stat', statText({ busy: 1_080, idle: 9_020 }));
    clock.advance(250);
    const readings = applyReadings(new Map(), await stream.next());
    expect(readings.get('cpu.busy')?.value).toEqual({ kind: 'number', number: 80 });
  });

  test('that asks for too fast a heartbeat gets the fastest there is', async () => {
    const stream = watch(1);
    await stream.next();
    clock.advance(89);
    clock.advance(1);
    await stream.next();
    expect(stream.received).toHaveLength(2);
  });
});

test('one watcher too many is refused, and the others go on', async () => {
  const others = Array.from({ length: 64 }, () => watch());
  for (const other of others) await other.next();
  const refused = sensor.client.watchState({
    heartbeatMs: 0,
    edgesOnly: false,
    apps: [],
    diskPaths: [],
  });
  const error = await new Promise((resolve) => {
    refused.on('data', () => undefined);
    refused.once('error', resolve);
  });
  expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  expect(reasonOf(error)).toBe('RATE_LIMITED');
  await sensor.report(Report.ENGAGED);
  for (const other of others) expect(presenceIn(await other.next())).toEqual(engaged);
  // A place that was left is free again.
  others[0]?.close();
  await sensor.report(Report.AWAY);
  expect((await watch().next()).snapshot).toBe(true);
});

describe('GetState', () => {
  test('with nobody watching measures anew, shares of time too', async () => {
    const call = sensor.client.getState.bind(sensor.client);
    const asked = unary(call, {}, { deadlineMs: 5_000 });
    const poll = setInterval(() => {
      clock.advance(250);
    }, 5);
    const readings = applyReadings(new Map(), { snapshot: true, ...(await asked) });
    clearInterval(poll);
    expect(readings.get('pressure.cpu')?.value).toEqual({ kind: 'number', number: 0 });
    expect(readings.get('disk.free:/')?.value.kind).toBe('number');
    expect(readings.get('boot.at')?.signal).toBe('boot.at');
  });
});

describe('ReportPresence', () => {
  test.each([
    ['without a report', Report.UNSPECIFIED, 0n],
    ['with a report of another version', Report.UNRECOGNIZED, 0n],
    ['with a time to live of a year', Report.AWAY, BigInt(REPORT_TTL_MS_MAX) + 1n],
  ])('%s is refused and changes nothing', async (_what, report, ttlMs) => {
    await sensor.report(Report.ENGAGED);
    const call = sensor.client.reportPresence.bind(sensor.client);
    const error: unknown = await unary(call, { report, ttlMs }, { deadlineMs: 5_000 }).catch(
      (caught: unknown) => caught,
    );
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(reasonOf(error)).toBe('FIELD_INVALID');
    expect(presenceIn(await watch().next())).toEqual(engaged);
  });
});

describe('the socket', () => {
  test('is for its owner only, and gone after closing', async () => {
    const path = sensor.service.socketPath;
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    await sensor.service.close();
    expect(lstatSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });

  test('of a live service is not taken over', async () => {
    const settings = { runDir: `${sensor.machine.dir}/run`, diskPaths: [] };
    const deps = { clock: systemClock, log: createLog('sensor', 'silent') };
    await expect(startSensorService(settings, deps)).rejects.toThrow(SocketInUseError);
    expect((await watch().next()).snapshot).toBe(true);
  });

  test('closes although somebody watches, who is told that it ends and not cut off', async () => {
    const call = sensor.client.watchState({
      ...{ heartbeatMs: 0, edgesOnly: false },
      ...{ apps: [], diskPaths: [] },
    });
    const ended = new Promise((resolve) => {
      call.once('status', resolve);
    });
    call.on('error', () => undefined);
    await new Promise((resolve) => call.once('data', resolve));
    await sensor.service.close();
    expect(await ended).toMatchObject({ code: status.OK });
  });
});

test('the inventory of the machine is served', async () => {
  const call = sensor.client.getInventory.bind(sensor.client);
  const inventory = await unary(call, {}, { deadlineMs: 15_000 });
  expect(inventory.cpuCores).toBeGreaterThanOrEqual(1);
  expect(inventory.memoryBytes).toBeGreaterThan(0n);
});
