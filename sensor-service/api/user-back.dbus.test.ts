// A person comes back: from logind's signal to whoever watches, through the whole service.

import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect } from '@jest/globals';
import type { Readings } from '../../conditions/reading.js';
import { applyReadings } from '../../proto/wire/reading.js';
import { systemClock } from '../../runtime/clock.js';
import * as seat from '../probe/buses-under-test.testing.js';
import { bool, busTest, long, startMockBus } from '../probe/mock-bus.testing.js';
import { followPresence, startSensorUnderTest, watchPlainly } from './sensor-under-test.testing.js';

const opened: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (let next = opened.pop(); next !== undefined; next = opened.pop()) await next.close();
});

busTest('"user back" reaches a watcher by itself, as one change', async () => {
  const bus = await startMockBus();
  opened.push(bus);
  await bus.serve('logind', seat.LOGIN);
  await seat.logIn(bus, 'c1');
  const session = seat.session('c1');
  const sensor = await startSensorUnderTest(systemClock, {
    buses: { system: bus.address, desktopOf: undefined },
    profile: 'desktop',
    awayAfter: { inputMs: 0, lockedMs: 0, darkMs: 0, terminalMs: 0 },
    // Sampling must not be what carries an edge.
    sampleEveryMs: 3_600_000,
  });
  opened.push(sensor);
  const watch = watchPlainly(sensor.client);
  opened.push(watch);
  const follower = followPresence(watch);
  await follower.until('engaged');
  await bus.update(session, {
    IdleHint: bool(true),
    IdleSinceHintMonotonic: long(seat.microsecondsAgo(1_000)),
  });
  await follower.until('away');
  const messages = watch.received.length;
  await bus.update(session, { IdleHint: bool(false) });
  await follower.until('engaged');
  const change = watch.received[messages];
  expect(change?.readings.map(({ signal, source }) => [signal, source])).toEqual([
    ['presence', 'logind (seat)'],
  ]);
});

busTest('a desktop that never gives a hint: nobody touches a key, then somebody does', async () => {
  const bus = await startMockBus();
  opened.push(bus);
  await bus.serve('logind', seat.LOGIN);
  await seat.logIn(bus, 'c1');
  const sensor = await startSensorUnderTest(systemClock, {
    buses: { system: bus.address, desktopOf: undefined },
    profile: 'desktop',
    awayAfter: { inputMs: 600, lockedMs: 600, darkMs: 600, terminalMs: 0 },
    sampleEveryMs: 50,
  });
  opened.push(sensor);
  const { machine } = sensor;
  machine.write(
    'proc/bus/input/devices',
    'N: Name="k"\nH: Handlers=kbd event0\nB: KEY=fffffffffffffffe\n\n',
  );
  mkdirSync(join(machine.dir, 'dev/input'), { recursive: true });
  // Like an event device, a FIFO can be read without waiting, and keeps what nobody has read.
  const device = join(machine.dir, 'dev/input/event0');
  execFileSync('mkfifo', [device]);
  const keyboard = openSync(device, 'r+');
  opened.push({
    close: () => {
      closeSync(keyboard);
    },
  });
  await sensor.restart();
  const watch = watchPlainly(sensor.client);
  opened.push(watch);
  const follower = followPresence(watch);
  await follower.until('away');
  writeSync(keyboard, Buffer.alloc(24));
  await follower.until('engaged');
  await follower.until('away');
});

busTest(
  'a logind that hangs while a run is on is no sensor before its next ping is due',
  async () => {
    const bus = await startMockBus();
    opened.push(bus);
    const logind = await bus.serve('logind', seat.LOGIN);
    await seat.logIn(bus, 'c1');
    const sensor = await startSensorUnderTest(systemClock, {
      buses: { system: bus.address, desktopOf: undefined },
      profile: 'desktop',
      sampleEveryMs: 50,
    });
    opened.push(sensor);
    const watch = watchPlainly(sensor.client, 200);
    opened.push(watch);
    await followPresence(watch).until('engaged');
    process.kill(logind.pid, 'SIGSTOP');
    const before = watch.received.length;
    let readings: Readings = new Map();
    while (readings.get('presence')?.value.kind !== 'unknown') {
      readings = applyReadings(readings, await watch.next());
    }
    // A ping alone would be late after two seconds, which are eleven heartbeats.
    expect(watch.received.length - before).toBeLessThan(11);
  },
);

busTest('where nobody writes utmp, logind says that nobody works from afar', async () => {
  const bus = await startMockBus();
  opened.push(bus);
  await bus.serve('logind', seat.LOGIN);
  await seat.logIn(bus, 'c1');
  const sensor = await startSensorUnderTest(systemClock, {
    buses: { system: bus.address, desktopOf: undefined },
    sampleEveryMs: 50,
  });
  opened.push(sensor);
  const watch = watchPlainly(sensor.client);
  opened.push(watch);
  let readings: Readings = new Map();
  while (readings.get('session.remote')?.value.kind !== 'flag') {
    readings = applyReadings(readings, await watch.next());
  }
  expect(readings.get('session.remote')?.value).toEqual({ kind: 'flag', flag: false });
});
