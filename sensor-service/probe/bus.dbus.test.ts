// Deadlines of calls on a bus, by a clock of the test's own.

import { afterEach, expect } from '@jest/globals';
import type { Clock } from '../../runtime/clock.js';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { Bus, type BusCall } from './bus.dbus.js';
import * as seat from './buses-under-test.testing.js';
import { busTest, startMockBus } from './mock-bus.testing.js';

const opened: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (let next = opened.pop(); next !== undefined; next = opened.pop()) await next.close();
});

const ping: BusCall = {
  ...{ service: seat.LOGIN, path: '/', iface: 'org.freedesktop.DBus.Peer', member: 'Ping' },
};

busTest('a call ends by our clock, and one that was answered leaves no timer behind', async () => {
  const mock = await startMockBus();
  opened.push(mock);
  const logind = await mock.serve('logind', seat.LOGIN);
  const virtual = new VirtualClock();
  const standing = new Set<symbol>();
  const clock: Clock = {
    now: () => virtual.now(),
    after: (delayMs, fn) => {
      const timer = Symbol('timer');
      standing.add(timer);
      const cancel = virtual.after(delayMs, () => {
        standing.delete(timer);
        fn();
      });
      return () => {
        standing.delete(timer);
        cancel();
      };
    },
  };
  const bus = new Bus({
    clock,
    log: createLog('sensor', 'silent'),
    name: 'bus',
    address: mock.address,
    orElse: '',
  });
  opened.push(bus);
  const taken = new Promise<void>((resolve) => {
    bus.listen({ opened: resolve, signalled: () => undefined, lost: () => undefined });
  });
  virtual.advance(0);
  await taken;

  await bus.call(ping);
  expect(standing.size).toBe(0);
  process.kill(logind.pid, 'SIGSTOP');
  const unanswered = bus.call({ ...ping, msMax: 3_600_000 });
  expect(standing.size).toBe(1);
  virtual.advance(3_600_000);
  await expect(unanswered).rejects.toMatchObject({ code: 'ETIMEDOUT' });
});
