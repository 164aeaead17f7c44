// Mutter's count of input, made by hand on a bus of the test's own. Nothing outside tests imports it.

import type { MockBus, Target } from './mock-bus.testing.js';

export const monitor: Target = {
  ...{ service: 'org.gnome.Mutter.IdleMonitor', path: '/org/gnome/Mutter/IdleMonitor/Core' },
  iface: 'org.gnome.Mutter.IdleMonitor',
};
const mock: Target = { ...monitor, iface: 'org.freedesktop.DBus.Mock' };
export const IDLE_WATCH = 1;
export const ACTIVE_WATCH = 2;

export interface MockMutter {
  readonly pid: number;
  /** Somebody touched something so long ago: it counts from there, before it tells of it. */
  touch(agoMs: number): Promise<void>;
  /** Tells of a watch. */
  fire(watch: number): Promise<void>;
  /** How many watches of idleness it was asked for. */
  idleWatchCount(): Promise<number>;
}

/** @param idleMs for how long nobody has touched anything. */
export async function serveMutter(desktop: MockBus, idleMs: number): Promise<MockMutter> {
  // The name is taken when the methods are there: Mutter has them from the start.
  const { pid } = await desktop.serveBare('lull.test.Mutter', monitor.path, monitor.iface);
  const on = { ...mock, service: 'lull.test.Mutter' };
  for (const [name, takes, gives, code] of [
    [
      'AddIdleWatch',
      't',
      'u',
      `self.watches = getattr(self, "watches", 0) + 1; ret = ${String(IDLE_WATCH)}`,
    ],
    ['CountWatches', '', 'u', 'ret = getattr(self, "watches", 0)'],
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
  return {
    pid,
    idleWatchCount: async () => Number(await desktop.call(monitor, 'CountWatches')),
    touch: async (agoMs) => {
      await desktop.call(monitor, 'Touch', 't', [BigInt(agoMs)]);
    },
    fire: async (watch) => {
      await desktop.call(mock, 'EmitSignal', 'sssav', [
        ...[monitor.iface, 'WatchFired', 'u', [['u', watch]]],
      ]);
    },
  };
}
