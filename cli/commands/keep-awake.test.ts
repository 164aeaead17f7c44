// Kept awake by a real systemd-inhibit on a real bus, with logind as python-dbusmock plays it; and what
// the sensors make of it.

import { afterEach, beforeEach, expect } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createKeepAwake, type KeepAwake } from '../../plugin-host/power/keep-awake.spawn.js';
import { pause } from '../../runtime/deadline.js';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import {
  busTest,
  startMockBus,
  type MockBus,
} from '../../sensor-service/probe/mock-bus.testing.js';
import { idleInhibited } from '../../sensor-service/reading/inhibitor.js';

const manager = {
  service: 'org.freedesktop.login1',
  path: '/org/freedesktop/login1',
  iface: 'org.freedesktop.login1.Manager',
};
const LOOKS_MAX = 500;

let bus: MockBus;
let clock: VirtualClock;
let keepAwake: KeepAwake | undefined;

beforeEach(() => {
  clock = new VirtualClock();
});

afterEach(async () => {
  await keepAwake?.close();
  keepAwake = undefined;
  await bus.close();
});

async function onBus(): Promise<KeepAwake> {
  bus = await startMockBus();
  await bus.serve('logind', manager.service);
  const env = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: bus.address };
  keepAwake = createKeepAwake({ clock, log: createLog('test', 'silent'), env });
  return keepAwake;
}

/** What, who and mode of each inhibitor, as logind lists them. */
async function listed(): Promise<string[]> {
  const list = (await bus.call(manager, 'ListInhibitors')) as string[][];
  return list.map(([what, who, , mode]) => `${String(what)} ${String(who)} ${String(mode)}`).sort();
}

async function until(wanted: readonly string[]): Promise<void> {
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    if (JSON.stringify(await listed()) === JSON.stringify(wanted)) return;
    await pause(10);
  }
  expect(await listed()).toEqual(wanted);
}

busTest(
  'on mains a run blocks sleep and idleness, and its end lets the machine sleep again',
  async () => {
    const awake = await onBus();
    const [one, other] = [awake.during(3_600_000), awake.during(3_600_000)];
    await until(['sleep:idle Lull block']);
    one();
    other();
    await until([]);
  },
);

busTest('a Lull that is killed -9 lets it sleep, and holds up no shutdown', async () => {
  await onBus();
  const at = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const script = `
    import { createKeepAwake } from ${at('../../plugin-host/power/keep-awake.spawn.js')};
    import { systemClock } from ${at('../../runtime/clock.js')};
    import { createLog } from ${at('../../runtime/log.js')};
    const log = createLog('test', 'silent');
    const awake = createKeepAwake({ clock: systemClock, log, env: process.env });
    awake.during(3_600_000);
    awake.duringSection();
    setInterval(() => undefined, 60_000);`;
  const env = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: bus.address };
  const lull = spawn(process.execPath, ['--input-type=module', '-e', script], { env });
  try {
    await until(['shutdown Lull delay', 'sleep:idle Lull block']);
  } finally {
    lull.kill('SIGKILL');
  }
  await until([]);
});

busTest('our own inhibitor is no sign of a person; anybody else is', async () => {
  const awake = await onBus();
  awake.during(3_600_000);
  await until(['sleep:idle Lull block']);
  const ours = (await bus.call(manager, 'ListInhibitors')) as unknown[];
  expect(idleInhibited(ours).value).toEqual({ kind: 'flag', flag: false });
  const film = ['idle', 'Player', 'a film', 'block', 1000, 1];
  expect(idleInhibited([...ours, film]).value).toEqual({ kind: 'flag', flag: true });
});

busTest('a section delays a shutdown, also on battery, and blocks none', async () => {
  const awake = await onBus();
  const leave = awake.duringSection();
  await until(['shutdown Lull delay']);
  leave();
  await until([]);
});

busTest('after an hour the machine may sleep, whatever runs', async () => {
  const awake = await onBus();
  awake.during(3_600_000);
  await until(['sleep:idle Lull block']);
  clock.advance(3_600_000);
  await until([]);
});
