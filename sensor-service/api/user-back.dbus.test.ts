// A person comes back: from logind's signal to whoever watches, through the whole service.

import { afterEach, expect } from '@jest/globals';
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
