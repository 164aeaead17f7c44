// "Not now" from outside, edges without levels, and a trace in the place of the machine.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AT_REST, type Readings } from '../../conditions/reading.js';
import { parseTrace, TRACE_HEAD } from '../../conditions/trace.js';
import type { InhibitRequest, WatchStateResponse } from '../../proto/gen/lull/sensor/v1/sensor.js';
import { SensorServiceClient } from '../../proto/gen/lull/sensor/v1/sensor.js';
import { applyReadings } from '../../proto/wire/reading.js';
import { systemClock } from '../../runtime/clock.js';
import { dialUnix, unary } from '../../runtime/grpc.js';
import { reasonOf } from '../../runtime/reason.js';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { startSensorService } from '../main.js';
import { startSensorUnderTest, type SensorUnderTest } from './sensor-under-test.testing.js';

const options = { deadlineMs: 5_000 };
const DAY_MS = 86_400_000;

describe('somebody outside', () => {
  let clock: VirtualClock;
  let sensor: SensorUnderTest;
  let readings: Readings;
  let stop: () => void;

  beforeEach(async () => {
    clock = new VirtualClock();
    sensor = await startSensorUnderTest(clock);
    readings = new Map();
    const call = sensor.client.watchState({
      heartbeatMs: 60_000,
      edgesOnly: true,
      apps: [],
      diskPaths: [],
    });
    call.on('data', (message: WatchStateResponse) => {
      readings = applyReadings(readings, message);
    });
    call.on('error', () => undefined);
    stop = () => {
      call.cancel();
    };
  });

  afterEach(async () => {
    stop();
    await sensor.close();
  });

  const ask = (request: Partial<InhibitRequest>) =>
    unary(
      sensor.client.inhibit.bind(sensor.client),
      { owner: 'till', reason: 'a customer pays', ttlMs: 60_000n, ...request },
      options,
    );
  const list = async () =>
    (await unary(sensor.client.listInhibitions.bind(sensor.client), {}, options)).inhibitions;

  /** Waits, in real time, for a message that is on its way. */
  async function heard(holds: () => boolean): Promise<void> {
    const untilMs = Date.now() + 5_000;
    while (!holds() && Date.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(holds()).toBe(true);
  }

  const inhibitor = () => readings.get('attention.inhibitor');

  test('says "not now", is named, and takes it back', async () => {
    const { inhibition } = await ask({});
    await heard(() => inhibitor()?.value.kind === 'flag');
    expect(inhibitor()).toMatchObject({
      value: { kind: 'flag', flag: true },
      source: 'inhibit: till (a customer pays)',
    });
    const release = { id: inhibition?.id ?? '' };
    const { client } = sensor;
    const answer = await unary(client.releaseInhibition.bind(client), release, options);
    expect(answer.released).toBe(true);
    await heard(() => inhibitor()?.value.kind === 'unknown');
    const again = await unary(client.releaseInhibition.bind(client), release, options);
    expect(again.released).toBe(false);
  });

  test('is forgotten when the time is over', async () => {
    await ask({});
    await heard(() => inhibitor()?.value.kind === 'flag');
    clock.advance(59_999);
    expect(await list()).toHaveLength(1);
    clock.advance(1);
    expect(await list()).toEqual([]);
    await heard(() => inhibitor()?.value.kind === 'unknown');
  });

  test('asks again and extends, under the same id', async () => {
    const first = (await ask({})).inhibition;
    clock.advance(30_000);
    const second = (await ask({})).inhibition;
    expect(second).toMatchObject({ id: first?.id, sinceUnixMs: first?.sinceUnixMs });
    expect(second?.untilUnixMs).toBe((first?.untilUnixMs ?? 0n) + 30_000n);
    expect(await list()).toHaveLength(1);
  });

  test('cannot write to a terminal through a name', async () => {
    await ask({ owner: '\u001b[2Jtill', reason: 'a\nb\u202e' });
    expect(await list()).toMatchObject([{ owner: '\ufffd[2Jtill', reason: 'a\ufffdb\ufffd' }]);
  });

  test.each<[string, Partial<InhibitRequest>]>([
    ['no name', { owner: ' ' }],
    ['a long name', { owner: 'x'.repeat(65) }],
    ['no reason', { reason: '' }],
    ['a long reason', { reason: 'x'.repeat(257) }],
    ['no end', { ttlMs: 0n }],
    ['an end in fifteen days', { ttlMs: BigInt(15 * DAY_MS) }],
  ])('with %s is refused', async (_what, request) => {
    const error: unknown = await ask(request).catch((refused: unknown) => refused);
    expect(reasonOf(error)).toBe('FIELD_INVALID');
    expect(await list()).toEqual([]);
  });

  test('is one of 64 at most; the service stays as it was', async () => {
    for (let n = 0; n < 64; n += 1) await ask({ owner: `till ${String(n)}` });
    const error: unknown = await ask({ owner: 'one more' }).catch((refused: unknown) => refused);
    expect(reasonOf(error)).toBe('RATE_LIMITED');
    expect(await list()).toHaveLength(64);
    await ask({ owner: 'till 3' });
    expect(await list()).toHaveLength(64);
  });

  test('who wants edges only is told that levels rest', async () => {
    await heard(() => readings.has('power.ac'));
    expect(readings.get('power.ac')?.value).toEqual({ kind: 'flag', flag: true });
    expect(readings.get('cpu.busy')?.value.kind ?? 'unknown').toBe('unknown');
    const state = await new Promise<Readings>((resolve, reject) => {
      const poll = setInterval(() => {
        clock.advance(250);
      }, 10);
      unary(sensor.client.getState.bind(sensor.client), {}, options)
        .then(({ readings: all }) => {
          resolve(applyReadings(new Map(), { snapshot: true, readings: all }));
        }, reject)
        .finally(() => {
          clearInterval(poll);
        });
    });
    expect(state.get('memory.used')?.value.kind).toBe('number');
    await heard(() => readings.has('memory.used'));
    expect(readings.get('memory.used')?.value).toMatchObject({
      why: AT_REST,
    });
  });
});

test('a trace is played in the place of the machine, and its end is not "nobody there"', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'lull-r-'));
  const parsed = parseTrace(
    `${TRACE_HEAD}0,presence,away 600\n0,power.ac,true\n40,presence,engaged\n`,
  );
  const events = parsed.kind === 'trace' ? parsed.events : [];
  const service = await startSensorService(
    { runDir: dir, diskPaths: ['/'], replay: { events, speed: 100 } },
    { clock: systemClock, log: createLog('sensor', 'silent') },
  );
  const client = dialUnix(SensorServiceClient, service.socketPath);
  let readings: Readings = new Map();
  const kinds: string[] = [];
  const ended = new Promise<void>((resolve) => {
    const call = client.watchState({
      heartbeatMs: 60_000,
      edgesOnly: false,
      apps: [],
      diskPaths: [],
    });
    call.on('error', () => undefined);
    call.on('data', (message: WatchStateResponse) => {
      readings = applyReadings(readings, message);
      const value = readings.get('presence')?.value;
      const kind = value?.kind === 'presence' ? value.presence.kind : 'unknown';
      if (kinds.at(-1) !== kind) kinds.push(kind);
      if (kinds.includes('engaged') && kind === 'unknown') resolve();
    });
  });
  try {
    await ended;
    expect(kinds.slice(-3)).toEqual(['away', 'engaged', 'unknown']);
    expect(readings.get('presence')?.source).toBe('replay');
    expect(readings.get('power.ac')?.value.kind).toBe('unknown');
    expect(readings.get('disk.free:/')?.value.kind).toBe('number');
    expect(readings.get('pressure.io')?.value).toMatchObject({
      why: 'the trace that is played does not tell of it',
    });
  } finally {
    client.close();
    await service.close();
    rmSync(dir, { recursive: true, force: true });
  }
});
