// Mutter's count of input, and strangers on the bus, with a mock made by hand.

import { afterEach, expect } from '@jest/globals';
import { pause } from '../../runtime/deadline.js';
import * as seat from './buses-under-test.testing.js';
import { listenTo, type BusesUnderTest } from './buses-under-test.testing.js';
import { bool, busTest, startMockBus, type MockBus, type Target } from './mock-bus.testing.js';

const monitor: Target = {
  ...{ service: 'org.gnome.Mutter.IdleMonitor', path: '/org/gnome/Mutter/IdleMonitor/Core' },
  iface: 'org.gnome.Mutter.IdleMonitor',
};
const mock: Target = { ...monitor, iface: 'org.freedesktop.DBus.Mock' };
const IDLE_WATCH = 1;
const ACTIVE_WATCH = 2;
const AWAY_AFTER_MS = 50;

const opened: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (let next = opened.pop(); next !== undefined; next = opened.pop()) await next.close();
});

/** A desktop in which nobody has touched anything for `idleMs`, and a logind that has no hint of it. */
async function startDesktop(idleMs: number): Promise<{ desktop: MockBus; heard: BusesUnderTest }> {
  const bus = await startMockBus();
  opened.push(bus);
  await bus.serve('logind', seat.LOGIN);
  await seat.logIn(bus, 'c1');
  const desktop = await startMockBus();
  opened.push(desktop);
  // The name is taken when the methods are there: Mutter has them from the start.
  await desktop.serveBare('lull.test.Mutter', monitor.path, monitor.iface);
  const on = { ...mock, service: 'lull.test.Mutter' };
  for (const [name, takes, gives, code] of [
    ['AddIdleWatch', 't', 'u', `ret = ${String(IDLE_WATCH)}`],
    ['AddUserActiveWatch', '', 'u', `ret = ${String(ACTIVE_WATCH)}`],
    ['GetIdletime', '', 't', `ret = getattr(self, "idle_ms", ${String(idleMs)})`],
    ['Touch', 't', '', 'self.idle_ms = args[0]'],
    [
      'Own',
      '',
      '',
      `self.owned = dbus.service.BusName("${monitor.service}", self.bus_name.get_bus())`,
    ],
  ] as const) {
    await desktop.call(on, 'AddMethod', 'sssss', [monitor.iface, name, takes, gives, code]);
  }
  await desktop.call({ ...monitor, service: 'lull.test.Mutter' }, 'Own');
  const heard = listenTo(bus, { desktop, awayAfter: { inputMs: AWAY_AFTER_MS, terminalMs: 0 } });
  opened.push(heard);
  return { desktop, heard };
}

async function fire(desktop: MockBus, watch: number): Promise<void> {
  await desktop.call(mock, 'EmitSignal', 'sssav', [
    ...[monitor.iface, 'WatchFired', 'u', [['u', watch]]],
  ]);
}

busTest('a desktop that counts input is believed before a hint that never comes', async () => {
  const { desktop, heard } = await startDesktop(3_600_000);
  await heard.untilPresence('away');
  // The desktop counts from the touch on, before it tells of it.
  await desktop.call(monitor, 'Touch', 't', [0n]);
  await fire(desktop, ACTIVE_WATCH);
  await heard.untilPresence('engaged');
  await pause(AWAY_AFTER_MS);
  await desktop.call(monitor, 'Touch', 't', [BigInt(AWAY_AFTER_MS)]);
  await fire(desktop, IDLE_WATCH);
  await heard.untilPresence('away');
  expect(heard.told.slice(-2)).toEqual(['engaged', 'away']);
});

busTest('a return in the moment in which the watch is put up is not missed', async () => {
  const { desktop, heard } = await startDesktop(3_600_000);
  await heard.untilPresence('away');
  await desktop.call(monitor, 'Touch', 't', [0n]);
  await fire(desktop, ACTIVE_WATCH);
  await heard.untilPresence('engaged');
  await pause(AWAY_AFTER_MS);
  // It calls as somebody touches something: there is no watch yet that would tell of it.
  await fire(desktop, IDLE_WATCH);
  const both = ['away', 'engaged', 'away', 'engaged'].join();
  await heard.until('a return', () => heard.told.join().endsWith(both));
  expect(heard.told.at(-1)).toBe('engaged');
});

busTest("a stranger's signals are not the service's", async () => {
  const { desktop, heard } = await startDesktop(3_600_000);
  await heard.untilPresence('away');
  await desktop.serveBare('lull.test.Stranger', monitor.path, monitor.iface);
  const stranger = { ...mock, service: 'lull.test.Stranger' };
  const forged = [monitor.iface, 'WatchFired', 'u', [['u', ACTIVE_WATCH]]];
  await desktop.call(stranger, 'EmitSignal', 'sssav', forged);
  await desktop.call(stranger, 'AddProperty', 'ssv', [monitor.iface, 'IdleHint', ['b', true]]);
  await desktop.update({ ...monitor, service: 'lull.test.Stranger' }, { IdleHint: bool(false) });
  await pause(100);
  expect(heard.told.at(-1)).toBe('away');
});
