// Mutter's count of input, and strangers on the bus, with a mock made by hand.

import { afterEach, expect } from '@jest/globals';
import { pause } from '../../runtime/deadline.js';
import * as seat from './buses-under-test.testing.js';
import { listenTo, type BusesUnderTest } from './buses-under-test.testing.js';
import { bool, busTest, startMockBus, type MockBus } from './mock-bus.testing.js';
import {
  ACTIVE_WATCH,
  IDLE_WATCH,
  monitor,
  serveMutter,
  type MockMutter,
} from './mutter.testing.js';

const AWAY_AFTER_MS = 50;
/** A user whom every machine has: a bus wants to know its groups. */
const NOBODY = 65_534;

const opened: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (let next = opened.pop(); next !== undefined; next = opened.pop()) await next.close();
});

/** Less than any machine has been awake for that runs tests: more would be no possible absence. */
const UNTOUCHED_MS = 10_000;

/** A desktop that nobody has touched for that long, and a logind that has no hint of it. */
async function startDesktop(
  uid?: number,
  options: { pingEveryMs?: number } = {},
): Promise<{ desktop: MockBus; mutter: MockMutter; heard: BusesUnderTest }> {
  const bus = await startMockBus();
  opened.push(bus);
  await bus.serve('logind', seat.LOGIN);
  await seat.logIn(bus, 'c1');
  const desktop = await startMockBus(uid);
  opened.push(desktop);
  const mutter = await serveMutter(desktop, UNTOUCHED_MS);
  const awayAfter = { inputMs: AWAY_AFTER_MS, terminalMs: 0 };
  const heard = listenTo(bus, { ...options, desktop, awayAfter });
  opened.push(heard);
  await heard.untilPresence('away');
  return { desktop, mutter, heard };
}

busTest('a desktop that counts input is believed before a hint that never comes', async () => {
  const { mutter, heard } = await startDesktop();
  await mutter.touch(0);
  await mutter.fire(ACTIVE_WATCH);
  await heard.untilPresence('engaged');
  await pause(AWAY_AFTER_MS);
  await mutter.touch(AWAY_AFTER_MS);
  await mutter.fire(IDLE_WATCH);
  await heard.untilPresence('away');
  expect(heard.told.slice(-2)).toEqual(['engaged', 'away']);
});

busTest('a return in the moment in which the watch is put up is not missed', async () => {
  const { mutter, heard } = await startDesktop();
  await mutter.touch(0);
  await mutter.fire(ACTIVE_WATCH);
  await heard.untilPresence('engaged');
  await pause(AWAY_AFTER_MS);
  // It calls as somebody touches something: there is no watch yet that would tell of it.
  await mutter.fire(IDLE_WATCH);
  const both = ['away', 'engaged', 'away', 'engaged'].join();
  await heard.until('a return', () => heard.told.join().endsWith(both));
  expect(heard.told.at(-1)).toBe('engaged');
});

busTest('a desktop that stutters keeps the watch that it has, and is given no other', async () => {
  // Of pings that are far apart only what is asked for here is asked.
  const { mutter, heard } = await startDesktop(undefined, { pingEveryMs: 3_600_000 });
  for (let stutter = 0; stutter < 3; stutter += 1) {
    process.kill(mutter.pid, 'SIGSTOP');
    heard.check();
    await heard.untilPresence('unknown');
    process.kill(mutter.pid, 'SIGCONT');
    await heard.untilPresence('away');
  }
  expect(await mutter.idleWatchCount()).toBe(1);
  // It is the one that calls.
  await mutter.touch(0);
  await mutter.fire(ACTIVE_WATCH);
  await heard.untilPresence('engaged');
  await pause(AWAY_AFTER_MS);
  await mutter.touch(AWAY_AFTER_MS);
  await mutter.fire(IDLE_WATCH);
  await heard.untilPresence('away');
});

busTest('a desktop that counts more than there can have been vouches for nobody', async () => {
  const { mutter, heard } = await startDesktop();
  await mutter.touch(0);
  await mutter.fire(ACTIVE_WATCH);
  await heard.untilPresence('engaged');
  await mutter.touch(2 ** 63);
  // A new one on the same bus is asked at once, as is one that stuttered.
  process.kill(mutter.pid, 'SIGSTOP');
  heard.check();
  await heard.untilPresence('unknown');
  process.kill(mutter.pid, 'SIGCONT');
  await heard.until('its words', () => heard.why().includes('longer than the machine is awake'));
  expect(heard.told.at(-1)).toBe('unknown');
});

busTest("a stranger's signals are not the service's", async () => {
  const { desktop, heard } = await startDesktop();
  await desktop.serveBare('lull.test.Stranger', monitor.path, monitor.iface);
  const stranger = {
    ...{ service: 'lull.test.Stranger', path: monitor.path },
    iface: 'org.freedesktop.DBus.Mock',
  };
  const forged = [monitor.iface, 'WatchFired', 'u', [['u', ACTIVE_WATCH]]];
  await desktop.call(stranger, 'EmitSignal', 'sssav', forged);
  await desktop.call(stranger, 'AddProperty', 'ssv', [monitor.iface, 'IdleHint', ['b', true]]);
  await desktop.update({ ...monitor, service: 'lull.test.Stranger' }, { IdleHint: bool(false) });
  await pause(100);
  expect(heard.told.at(-1)).toBe('away');
});

if (process.getuid?.() === 0) {
  busTest(
    "root is taken in by the bus of another user's desktop, which lets in nobody else",
    async () => {
      const { desktop, mutter, heard } = await startDesktop(NOBODY);
      await mutter.touch(0);
      await mutter.fire(ACTIVE_WATCH);
      await heard.untilPresence('engaged');
      // The same bus refuses root itself: what was heard above was heard as that user.
      const system = await startMockBus();
      opened.push(system);
      await system.serve('logind', seat.LOGIN);
      await seat.logIn(system, 'c1');
      const asRoot = listenTo(system, { desktop: { ...desktop, uid: undefined } });
      opened.push(asRoot);
      await asRoot.untilValue(
        'attention.game',
        (value) => value.kind === 'unknown' && value.why.includes('cannot be reached'),
      );
    },
  );
}
