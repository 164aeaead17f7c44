// Presence as logind and a desktop tell it, on a real bus with mocked services.

import { afterEach, describe, expect } from '@jest/globals';
import * as seat from './buses-under-test.testing.js';
import { listenTo, session, type BusesUnderTest } from './buses-under-test.testing.js';
import { bool, busTest, long, startMockBus, type MockBus } from './mock-bus.testing.js';

const opened: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (let next = opened.pop(); next !== undefined; next = opened.pop()) await next.close();
});

async function startBus(): Promise<MockBus> {
  const bus = await startMockBus();
  opened.push(bus);
  return bus;
}

async function startLogind(bus: MockBus): Promise<{ pid: number; close(): Promise<void> }> {
  return await bus.serve('logind', seat.LOGIN);
}

function listen(...args: Parameters<typeof listenTo>): BusesUnderTest {
  const listening = listenTo(...args);
  opened.push(listening);
  return listening;
}

const idle = (agoMs: number) => ({
  IdleHint: bool(true),
  IdleSinceHintMonotonic: long(seat.microsecondsAgo(agoMs)),
});
/** What was told, without what was not known before everything had been read. */
const known = ({ told }: BusesUnderTest) => told.filter((kind) => kind !== 'unknown');
const active = { IdleHint: bool(false) };

describe('a person at the seat', () => {
  busTest('goes, comes back, and goes again at 10 Hz: every edge is told', async () => {
    const bus = await startBus();
    await startLogind(bus);
    await seat.logIn(bus, 'c1');
    const listening = listen(bus, { awayAfter: { inputMs: 0, lockedMs: 0, darkMs: 0 } });
    await listening.untilPresence('engaged');
    const before = listening.told.length;
    for (let round = 0; round < 5; round += 1) {
      await bus.update(session('c1'), idle(0));
      await listening.untilPresence('away');
      await bus.update(session('c1'), active);
      await listening.untilPresence('engaged');
    }
    expect(listening.told.slice(before)).toEqual(
      Array.from({ length: 5 }, () => ['away', 'engaged']).flat(),
    );
  });

  busTest('has been away since the session says so', async () => {
    const bus = await startBus();
    await startLogind(bus);
    await seat.logIn(bus, 'c1');
    await bus.update(session('c1'), idle(120_000));
    const listening = listen(bus);
    await listening.untilPresence('away');
    const presence = listening.presence();
    const sinceMs =
      presence.kind === 'presence' && presence.presence.kind === 'away'
        ? presence.presence.sinceMs
        : 0;
    // A terminal was not seen to be used since Lull looks, but may have been just before.
    expect(Date.now() - sinceMs).toBeLessThan(60_000);
  });

  busTest('locks the screen: away after a while, and back with the first key', async () => {
    const bus = await startBus();
    await startLogind(bus);
    await seat.logIn(bus, 'c1');
    const listening = listen(bus);
    await listening.untilPresence('engaged');
    await bus.update(session('c1'), { LockedHint: bool(true) });
    await listening.untilPresence('away');
    await bus.update(session('c1'), { LockedHint: bool(false) });
    await listening.untilPresence('engaged');
    expect(known(listening)).toEqual(['engaged', 'away', 'engaged']);
  });

  busTest('has not logged in: a login screen that nobody touches is nobody', async () => {
    const bus = await startBus();
    await startLogind(bus);
    await seat.logIn(bus, 'greeter1', { uid: 113, name: 'gdm' });
    await seat.describe(bus, 'greeter1', { Class: 'greeter' });
    const listening = listen(bus);
    await listening.untilPresence('away');
    await seat.logIn(bus, 'c2');
    await seat.announce(bus, 'c2');
    await listening.untilPresence('engaged');
    expect(listening.told.slice(-2)).toEqual(['away', 'engaged']);
  });

  busTest('opens the lid: that alone is a sign', async () => {
    const bus = await startBus();
    await startLogind(bus);
    await seat.logIn(bus, 'c1');
    await bus.update(session('c1'), idle(1_000));
    const listening = listen(bus, { awayAfter: { inputMs: 60_000 } });
    await listening.untilPresence('away');
    const mock = { ...seat.manager, iface: 'org.freedesktop.DBus.Mock' };
    const sleep = (going: boolean) =>
      bus.call(mock, 'EmitSignal', 'sssav', [
        seat.manager.iface,
        'PrepareForSleep',
        'b',
        [['b', going]],
      ]);
    await sleep(true);
    expect(listening.value('resume.at')).toBeUndefined();
    await sleep(false);
    await listening.untilPresence('engaged');
    await listening.untilValue('resume.at', (value) => value.kind === 'number');
  });
});

describe('sessions', () => {
  busTest(
    'five hundred of them, one of which is used',
    async () => {
      const bus = await startBus();
      await startLogind(bus);
      await seat.logInMany(bus, 500);
      // The mock answers one after another, and on a busy machine takes its time.
      const patience = { callMsMax: 60_000, seenMsMax: 100_000, pingEveryMs: 3_600_000 };
      const listening = listen(bus, { ...patience, awayAfter: { inputMs: 0 } });
      await listening.untilPresence('away');
      await bus.update(session('s317'), active);
      await listening.untilPresence('engaged');
      expect(known(listening)).toEqual(['away', 'engaged']);
    },
    240_000,
  );

  busTest(
    'a terminal counts for as long as it was used lately; one that is not named may be used',
    async () => {
      const bus = await startBus();
      await startLogind(bus);
      await seat.logIn(bus, 'ssh');
      const used = { IdleSinceHintMonotonic: seat.microsecondsAgo(0) };
      await seat.describe(bus, 'ssh', { Type: 'tty', TTY: 'pts/0', Remote: true, ...used });
      const listening = listen(bus, { awayAfter: { terminalMs: 1_500 } });
      await listening.untilPresence('engaged');
      await listening.untilPresence('away');
      await seat.logIn(bus, 'scp');
      await seat.describe(bus, 'scp', { Type: 'tty', TTY: '', Remote: true });
      await seat.announce(bus, 'scp');
      // Whether it has a terminal is asked of its processes: to them it is handed on.
      await listening.untilPresence('unknown');
      expect(listening.sessions()).toMatchObject([{ line: 'pts/0' }, { unnamed: 'asked' }]);
    },
  );
});

describe('a logind', () => {
  busTest('that is not there is no sensor, and says what to install', async () => {
    const bus = await startBus();
    const listening = listen(bus);
    await listening.until('a reason', () => listening.why().includes('install systemd-logind'));
    expect(listening.presence().kind).toBe('unknown');
  });

  busTest('that dies is not "nobody there", and is believed again when it is back', async () => {
    const bus = await startBus();
    const logind = await startLogind(bus);
    await seat.logIn(bus, 'c1');
    await bus.update(session('c1'), idle(1_000));
    const listening = listen(bus);
    await listening.untilPresence('away');
    await logind.close();
    await listening.untilPresence('unknown');
    await startLogind(bus);
    await listening.until('word of the new one', () => listening.presence().kind === 'presence');
  });

  busTest('that hangs is noticed, and believed again when it goes on', async () => {
    const bus = await startBus();
    const logind = await startLogind(bus);
    await seat.logIn(bus, 'c1');
    await bus.update(session('c1'), idle(1_000));
    const listening = listen(bus, { pingEveryMs: 200, callMsMax: 300 });
    await listening.untilPresence('away');
    process.kill(logind.pid, 'SIGSTOP');
    await listening.untilPresence('unknown');
    expect(listening.why()).toMatch(/login1 does not answer/);
    process.kill(logind.pid, 'SIGCONT');
    await listening.until('word of it', () => listening.presence().kind === 'presence');
  });

  busTest(
    'that hangs while a run is on is noticed by the checks of its rounds, long before its ping',
    async () => {
      const bus = await startBus();
      const logind = await startLogind(bus);
      await seat.logIn(bus, 'c1');
      await bus.update(session('c1'), idle(1_000));
      const listening = listen(bus, { pingEveryMs: 3_600_000, callMsMax: 3_600_000 });
      await listening.untilPresence('away');
      listening.checkOnAndOn();
      process.kill(logind.pid, 'SIGSTOP');
      await listening.untilPresence('unknown');
      expect(listening.why()).toMatch(/login1 does not answer/);
      process.kill(logind.pid, 'SIGCONT');
      await listening.until('word of it', () => listening.presence().kind === 'presence');
    },
  );

  busTest('whose words are made to break a terminal, and have no end', async () => {
    const bus = await startBus();
    await startLogind(bus);
    const words = `raise dbus.exceptions.DBusException("\\x1b[2J" * 5000, name="org.freedesktop.login1.Odd")`;
    const mock = { ...seat.manager, iface: 'org.freedesktop.DBus.Mock' };
    await bus.call(mock, 'AddMethod', 'sssss', [
      seat.manager.iface,
      'ListSessions',
      '',
      'a(susso)',
      words,
    ]);
    const listening = listen(bus);
    await listening.until('its words', () => listening.why().includes('[2J'));
    expect(listening.why()).not.toContain('\u001b');
    expect(listening.why().length).toBeLessThan(1_000);
  });

  busTest(
    'names the sessions as utmp would, for machines on which nobody writes that',
    async () => {
      const bus = await startBus();
      await startLogind(bus);
      await seat.logIn(bus, 'ssh');
      const timestamp = { Timestamp: 1_900_000_000_000_000n };
      await seat.describe(bus, 'ssh', { Type: 'tty', TTY: 'pts/0', Remote: true, ...timestamp });
      const listening = listen(bus);
      await listening.until('sessions', () => listening.sessions() !== undefined);
      expect(listening.sessions()).toEqual([
        { kind: 'session', pid: 1, line: 'pts/0', isRemote: true, atMs: 1_900_000_000_000 },
      ]);
      await listening.untilValue(
        'login.at',
        (value) => value.kind === 'number' && value.number === 1_900_000_000_000,
      );
    },
  );
});
