// What logind tells without a signal, on time that the test moves.

import { afterEach } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Session } from '../reading/session.js';
import { Bus } from './bus.dbus.js';
import * as seat from './buses-under-test.testing.js';
import { Logind } from './logind.dbus.js';
import { bool, busTest, startMockBus, type MockBus } from './mock-bus.testing.js';

const HOURS = 3_600_000;
const ALMOST_HALF_A_MINUTE = 29_000;
const SECONDS = 3_000;

const opened: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (let next = opened.pop(); next !== undefined; next = opened.pop()) await next.close();
});

interface Watched {
  readonly mock: MockBus;
  readonly clock: VirtualClock;
  until(holds: (session: Session | undefined) => boolean): Promise<void>;
  untilUnknown(because: RegExp): Promise<void>;
  /** Changes a property of the session without a signal. @param value in Python. */
  change(property: string, value: string): Promise<void>;
}

/** A logind with one session, which is watched. */
async function watchOne(
  properties: Readonly<Record<string, string | boolean>>,
  followedMax?: number,
): Promise<Watched> {
  const mock = await startMockBus();
  opened.push(mock);
  await mock.serve('logind', seat.LOGIN);
  await seat.logIn(mock, 's1');
  await seat.describe(mock, 's1', properties);
  const { path, iface } = seat.session('s1');
  const mocked = { ...seat.manager, iface: 'org.freedesktop.DBus.Mock' };
  const change: Watched['change'] = async (property, value) => {
    const code = `objects["${path}"].props["${iface}"]["${property}"] = ${value}`;
    await mock.call(mocked, 'AddMethod', 'sssss', [seat.manager.iface, 'Change', '', '', code]);
    await mock.call(seat.manager, 'Change');
  };
  await change('Seat', '("", dbus.ObjectPath("/"))');
  const clock = new VirtualClock();
  const bus = new Bus({
    ...{ clock, log: createLog('sensor', 'silent'), callMsMax: HOURS },
    ...{ name: 'system bus', address: mock.address, orElse: 'open it' },
  });
  opened.push(bus);
  let known: readonly Session[] | undefined;
  let why = '';
  let heard: () => void = () => undefined;
  const logind = new Logind({
    ...{ clock, bus, pingEveryMs: HOURS, tell: () => undefined, resumed: () => undefined },
    ...(followedMax === undefined ? {} : { followedMax }),
    sessions: (sessions) => {
      known = sessions.kind === 'known' ? [...sessions.sessions.values()] : undefined;
      why = sessions.kind === 'unknown' ? sessions.why : '';
      heard();
    },
  });
  opened.push(logind);
  clock.advance(1);
  return {
    ...{ mock, clock, change },
    untilUnknown: async (because) => {
      while (!because.test(why)) await new Promise<void>((resolve) => (heard = resolve));
    },
    until: async (holds) => {
      while (known === undefined || !holds(known[0])) {
        await new Promise<void>((resolve) => (heard = resolve));
      }
    },
  };
}

/** Something else changes twice a minute. */
async function passAMinute(watched: Watched): Promise<void> {
  const { mock, clock } = watched;
  for (const locked of [true, false]) {
    clock.advance(ALMOST_HALF_A_MINUTE);
    await mock.update(seat.session('s1'), { LockedHint: bool(locked) });
    await watched.until((session) => session?.locked === locked);
  }
  clock.advance(SECONDS);
}

busTest(
  'a terminal is asked again when it was used last, also on a machine where something changes all the time',
  async () => {
    const watched = await watchOne({ Type: 'tty', TTY: 'tty1', IdleHint: true });
    await watched.until((session) => session?.idle === true);
    await watched.change('IdleHint', 'False');
    await passAMinute(watched);
    await watched.until((session) => session?.idle === false);
  },
);

busTest(
  'a session from elsewhere that closes is nobody within a minute, whatever is left of it',
  async () => {
    const watched = await watchOne({ Type: 'tty', TTY: '', Remote: true });
    await watched.until((session) => session?.kind === 'opaque');
    await watched.change('State', '"closing"');
    await passAMinute(watched);
    await watched.until((session) => session === undefined || session.kind === 'left');
  },
);

busTest('so is a desktop that was shown elsewhere', async () => {
  const watched = await watchOne({ Type: 'x11', Remote: true });
  await watched.until((session) => session?.kind === 'graphical');
  await watched.change('State', '"closing"');
  await passAMinute(watched);
  await watched.until((session) => session === undefined);
});

busTest(
  'sessions that were more than can be followed are listed anew when they may be fewer',
  async () => {
    // The manager is followed as well.
    const watched = await watchOne({ Type: 'x11', Remote: true }, 2);
    await watched.until((session) => session?.kind === 'graphical');
    await seat.logIn(watched.mock, 's2');
    await seat.announce(watched.mock, 's2');
    await watched.untilUnknown(/more sessions than can be followed/);
    // The one that goes is the one that was not followed: of it nobody hears.
    const mocked = { ...seat.manager, iface: 'org.freedesktop.DBus.Mock' };
    const { path } = seat.session('s2');
    await watched.mock.call(mocked, 'RemoveObject', 's', [path]);
    watched.clock.advance(61_000);
    await watched.until((session) => session?.kind === 'graphical');
  },
);
