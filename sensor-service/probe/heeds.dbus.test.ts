// What comes over the bus at all: each signal wakes whoever is sent it.

import { afterEach, expect } from '@jest/globals';
import { systemClock } from '../../runtime/clock.js';
import { within } from '../../runtime/deadline.js';
import { createLog } from '../../runtime/log.js';
import { Bus, type BusSignal } from './bus.dbus.js';
import { busTest, startMockBus, uint, type Target } from './mock-bus.testing.js';
import { PropertyWatch } from './property-watch.dbus.js';
import { machineServices } from './watched.js';

const NM = 'org.freedesktop.NetworkManager';
const manager: Target = { service: NM, path: '/org/freedesktop/NetworkManager', iface: NM };
const radio: Target = {
  ...manager,
  path: `${manager.path}/AccessPoint/7`,
  iface: `${NM}.AccessPoint`,
};

const opened: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (let next = opened.pop(); next !== undefined; next = opened.pop()) await next.close();
});

busTest(
  'the strength of the networks in the air is not sent to whoever asks what they cost',
  async () => {
    const mock = await startMockBus();
    opened.push(mock);
    await mock.serve('networkmanager', NM);
    const mocked = { ...manager, iface: 'org.freedesktop.DBus.Mock' };
    const strength = [['Strength', ['u', 40]]];
    await mock.call(mocked, 'AddObject', 'ssa{sv}a(ssss)', [radio.path, radio.iface, strength, []]);
    await mock.call(mocked, 'AddProperty', 'ssv', [NM, 'Metered', ['u', 2]]);
    const bus = new Bus({
      ...{ clock: systemClock, log: createLog('sensor', 'silent') },
      ...{ name: 'system bus', address: mock.address, orElse: 'open it' },
    });
    opened.push(bus);
    const heard: BusSignal[] = [];
    const ear = {
      opened: () => undefined,
      lost: () => undefined,
      signalled: (signal: BusSignal) => void heard.push(signal),
    };
    bus.listen(ear);
    let metered: (word: string) => void = () => undefined;
    const until = (wanted: string): Promise<void> =>
      within(
        new Promise((resolve) => {
          metered = (word) => {
            if (word === wanted) resolve();
          };
        }),
        20_000,
        wanted,
      );
    const [watched] = machineServices.filter(({ service }) => service === NM);
    if (watched === undefined) throw new Error('nobody watches the network');
    const known = until('no');
    const watch = new PropertyWatch(watched, {
      ...{ clock: systemClock, bus },
      tell: ([told]) => {
        if (told?.value.kind === 'word') metered(told.value.word);
      },
    });
    opened.push(watch);
    await known;
    for (const percent of [30, 50, 70]) await mock.update(radio, { Strength: uint(percent) });
    const changed = until('yes');
    await mock.update(manager, { Metered: uint(1) });
    await changed;
    // The bus itself says what we are called there.
    const paths = heard.map(({ path }) => path).filter((path) => path.startsWith(manager.path));
    expect(paths).toEqual([manager.path]);
  },
);
