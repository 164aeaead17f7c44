// What logind tells without a signal, on time that the test moves.

import { afterEach, expect } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Session } from '../reading/session.js';
import { Bus } from './bus.dbus.js';
import * as seat from './buses-under-test.testing.js';
import { Logind } from './logind.dbus.js';
import { bool, busTest, startMockBus } from './mock-bus.testing.js';

const HOURS = 3_600_000;
const HALF_A_REREAD_MS = 30_000;

const opened: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (let next = opened.pop(); next !== undefined; next = opened.pop()) await next.close();
});

busTest(
  'a terminal is asked again when it was used last, also on a machine where something changes all the time',
  async () => {
    const mock = await startMockBus();
    opened.push(mock);
    await mock.serve('logind', seat.LOGIN);
    await seat.logIn(mock, 't1');
    await seat.describe(mock, 't1', { Type: 'tty', TTY: 'tty1', IdleHint: true });
    const clock = new VirtualClock();
    const bus = new Bus({
      ...{ clock, log: createLog('sensor', 'silent'), callMsMax: HOURS },
      ...{ name: 'system bus', address: mock.address, orElse: 'open it' },
    });
    opened.push(bus);
    let known: readonly Session[] = [];
    let heard: () => void = () => undefined;
    const logind = new Logind({
      ...{ clock, bus, pingEveryMs: HOURS, tell: () => undefined, resumed: () => undefined },
      sessions: (sessions) => {
        if (sessions.kind === 'known') known = [...sessions.sessions.values()];
        heard();
      },
    });
    opened.push(logind);
    const until = async (holds: (session: Session | undefined) => boolean): Promise<void> => {
      while (!holds(known[0])) await new Promise<void>((resolve) => (heard = resolve));
    };
    clock.advance(1);
    await until((session) => session?.idle === true);

    // Somebody types, which no signal tells; and something else changes twice a minute.
    const { path, iface } = seat.session('t1');
    const code = `objects["${path}"].props["${iface}"]["IdleHint"] = False`;
    const mocked = { ...seat.manager, iface: 'org.freedesktop.DBus.Mock' };
    await mock.call(mocked, 'AddMethod', 'sssss', [seat.manager.iface, 'Type', '', '', code]);
    await mock.call(seat.manager, 'Type');
    for (const locked of [true, false]) {
      clock.advance(HALF_A_REREAD_MS);
      await mock.update(seat.session('t1'), { LockedHint: bool(locked) });
      await until((session) => session?.locked === locked);
    }
    clock.advance(HALF_A_REREAD_MS);
    await until((session) => session?.idle === false);
    expect(known[0]).toMatchObject({ kind: 'terminal', idle: false });
  },
);
