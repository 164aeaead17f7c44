// The client that the other services use (proto/watch), against the real service.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Readings, Value } from '../../conditions/reading.js';
import { watchSensor, type SensorWatch } from '../../proto/watch/sensor.grpc.js';
import { systemClock, type Clock } from '../../runtime/clock.js';
import { within } from '../../runtime/deadline.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { Report, startSensorUnderTest, type SensorUnderTest } from './sensor-under-test.testing.js';

const silence: Value = { kind: 'unknown', why: 'sensor-service is silent' };
const engaged: Value = { kind: 'presence', presence: { kind: 'engaged' } };

interface Heard {
  readonly presence: Value | undefined;
  readonly readings: Readings;
  readonly observedMonotonicNs: bigint | undefined;
}

let heard: Heard[];
let wake: () => void;
let watch: SensorWatch | undefined;
let abort: AbortController;

beforeEach(() => {
  heard = [];
  wake = () => undefined;
  abort = new AbortController();
});

afterEach(() => {
  watch?.close();
});

function start(socketPath: string, clock: Clock, heartbeatMs = 10_000, silentAfterMs = 25_000) {
  watch = watchSensor({
    socketPath,
    heartbeatMs,
    silentAfterMs,
    clock,
    signal: abort.signal,
    onReadings: (readings, { observedMonotonicNs }) => {
      heard.push({ presence: readings.get('presence')?.value, readings, observedMonotonicNs });
      wake();
    },
  });
  return watch;
}

/** Waits until something heard from index `from` on satisfies `holds`. */
async function hears(holds: (each: Heard) => boolean, from = 0): Promise<Heard> {
  for (;;) {
    const found = heard.slice(from).find(holds);
    if (found !== undefined) return found;
    await within(new Promise<void>((resolve) => (wake = resolve)), 20_000, 'the next readings');
  }
}

const isLive = ({ readings }: Heard): boolean =>
  readings.get('memory.used')?.value.kind === 'number';
const isSilent = ({ readings }: Heard): boolean =>
  readings.size > 0 &&
  [...readings.values()].every(
    ({ value }) => value.kind === 'unknown' && value.why === silence.why,
  );

describe('a watch of a service in this process', () => {
  let sensor: SensorUnderTest;
  /** The service's time stands, so that no heartbeat of its own disturbs. */
  let stillClock: VirtualClock;

  beforeEach(async () => {
    stillClock = new VirtualClock();
    sensor = await startSensorUnderTest(stillClock);
  });

  afterEach(async () => {
    watch?.close();
    await sensor.close();
  });

  test('keeps readings, and tells of an edge with the instant it was seen', async () => {
    start(sensor.service.socketPath, systemClock);
    expect((await hears(isLive)).observedMonotonicNs).toBeUndefined();
    const before = process.hrtime.bigint();
    await sensor.report(Report.ENGAGED);
    const edge = await hears(({ presence }) => presence?.kind === 'presence');
    expect(edge.presence).toEqual(engaged);
    expect(edge.observedMonotonicNs).toBeGreaterThan(before);
    expect(edge.readings.get('cpu.cores')?.value).toEqual({ kind: 'number', number: 2 });
  });

  test('asks about programs as long as it wants to', async () => {
    const app = '/usr/bin/editor';
    const of = ({ readings }: Heard): Value | undefined =>
      readings.get(`app.running:${app}`)?.value;
    const live = start(sensor.service.socketPath, systemClock);
    await hears(isLive);
    live.setCadence(10_000, 25_000, { apps: [app] });
    await hears((each) => of(each)?.kind === 'flag');
    live.setCadence(10_000, 25_000);
    const after = await hears((each) => of(each)?.kind === 'unknown');
    expect(of(after)).toEqual({ kind: 'unknown', why: 'no update asks about it' });
  });

  test('asks about file systems as long as it wants to, also about one that is not there yet', async () => {
    const path = `${sensor.machine.dir}/not/yet/made`;
    const of = ({ readings }: Heard): Value | undefined => readings.get(`disk.free:${path}`)?.value;
    const live = start(sensor.service.socketPath, systemClock);
    await hears(isLive);
    live.setCadence(10_000, 25_000, { diskPaths: [path, 'no/path', 'also\0none'] });
    const asked = await hears((each) => of(each)?.kind === 'number');
    const disks = [...asked.readings.keys()].filter((key) => key.startsWith('disk.free:'));
    expect(disks).toEqual(['disk.free:/', `disk.free:${path}`]);
    live.setCadence(10_000, 25_000);
    const after = await hears((each) => of(each)?.kind === 'unknown');
    expect(of(after)).toEqual({ kind: 'unknown', why: 'no update is written to it' });
  });

  test('is told once, at once, when the service stops, and a new one restores it', async () => {
    start(sensor.service.socketPath, systemClock);
    await hears(isLive);
    await sensor.report(Report.ENGAGED);
    await hears(({ presence }) => presence?.kind === 'presence');
    await sensor.restart();
    const count = heard.findIndex(isSilent);
    expect(count).toBeGreaterThan(0);
    await hears(isLive, count);
    expect(heard.filter(isSilent)).toHaveLength(1);
  });

  test('declares silence after its time, counted from the last message', async () => {
    const clock = new VirtualClock();
    start(sensor.service.socketPath, clock, 200, 500);
    await hears(isLive);
    clock.advance(499);
    await sensor.report(Report.ENGAGED);
    await hears(({ presence }) => presence?.kind === 'presence');
    clock.advance(499);
    expect(heard.some(isSilent)).toBe(false);
    clock.advance(1);
    expect(heard.at(-1)?.presence).toEqual(silence);
    // The backoff's first step; the snapshot of the new stream ends the silence.
    const count = heard.length;
    clock.advance(100);
    expect((await hears(isLive, count)).presence).toEqual(engaged);
  });

  test('stays live by heartbeats alone while nothing happens', async () => {
    start(sensor.service.socketPath, stillClock, 200, 500);
    await hears(isLive);
    for (let beat = 0; beat < 20; beat += 1) {
      stillClock.advance(180);
      // One round trip, so that what was sent at this instant is heard before time goes on.
      await sensor.report(Report.AUTO);
    }
    expect(heard.some(isSilent)).toBe(false);
  });

  test('changes its pace without declaring silence, and holds the service to the new one', async () => {
    const clock = new VirtualClock();
    const live = start(sensor.service.socketPath, clock);
    await hears(isLive);
    live.setCadence(200, 500);
    // The new stream has to be the one that serves before its time counts.
    await sensor.report(Report.ENGAGED);
    await hears(({ presence }) => presence?.kind === 'presence');
    await sensor.report(Report.AWAY);
    await hears(({ presence }) => JSON.stringify(presence).includes('away'));
    expect(heard.some(isSilent)).toBe(false);
    clock.advance(500);
    expect(heard.filter(isSilent)).toHaveLength(1);
  });

  test('that is aborted hears nothing more and connects no more', async () => {
    const clock = new VirtualClock();
    start(sensor.service.socketPath, clock);
    await hears(isLive);
    const count = heard.length;
    abort.abort();
    await sensor.report(Report.ENGAGED);
    clock.advance(60_000);
    await sensor.service.close();
    expect(heard).toHaveLength(count);
  });
});

describe('a watch of a service that does not exist yet', () => {
  let dir: string;
  let child: ChildProcess | undefined;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'lull-watch-'));
  });

  afterEach(async () => {
    watch?.close();
    if (child !== undefined) await kill(child);
    rmSync(dir, { recursive: true });
  });

  test('says so once with no readings, and connects when it comes', async () => {
    start(join(dir, 'sensor.sock'), systemClock);
    await hears(() => true);
    // Long enough for two more attempts.
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(heard).toHaveLength(1);
    expect(heard[0]?.readings.size).toBe(0);
    child = await spawnService(dir);
    await hears(isLive);
  });
});

describe('a watch of a service in another process', () => {
  let dir: string;
  let child: ChildProcess;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'lull-watch-'));
    child = await spawnService(dir);
    start(join(dir, 'sensor.sock'), systemClock, 200, 500);
    await hears(isLive);
  });

  afterEach(async () => {
    watch?.close();
    await kill(child);
    rmSync(dir, { recursive: true });
  });

  test('is told at once when it is killed, and a new one restores it', async () => {
    await kill(child);
    const count = heard.length;
    await hears(isSilent);
    child = await spawnService(dir);
    await hears(isLive, count);
  });

  test('is told when it stops answering without a word, and when it is back', async () => {
    child.kill('SIGSTOP');
    // A process that is stopped keeps its sockets open: nothing else tells of it.
    await hears(isSilent);
    const count = heard.length;
    child.kill('SIGCONT');
    await hears(isLive, count);
  });

  test('does not take a stall of its own process for silence', async () => {
    const until = performance.now() + 800;
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(heard.some(isSilent)).toBe(false);
  });
});

async function spawnService(runDir: string): Promise<ChildProcess> {
  const main = new URL('../main.js', import.meta.url).href;
  const runtime = new URL('../../runtime/', import.meta.url).href;
  const script = `
    const { startSensorService } = await import('${main}');
    const { systemClock: clock } = await import('${runtime}clock.js');
    const { createLog } = await import('${runtime}log.js');
    await startSensorService({ runDir: '${runDir}', diskPaths: [] }, { clock, log: createLog('s', 'silent') });
    process.stdout.write('up');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await within(once(child.stdout, 'data'), 10_000, 'starting the service');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await within(exited, 5_000, 'killing the service');
}
