import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { PresenceSignal } from '../reading/presence.js';
import { defaultAwayAfter } from '../reading/seat.js';
import type { Session } from '../reading/session.js';
import { SeatLoop } from './seat.loop.js';

const MINUTE = 60_000;
const LOCKED = 20_000;
const DEVICES = '/dev/input';

let clock: VirtualClock;
let seat: SeatLoop;
let said: Map<string, PresenceSignal>;

beforeEach(() => {
  clock = new VirtualClock();
  clock.advance(60 * MINUTE);
  said = new Map();
  seat = new SeatLoop({
    clock,
    monotonicNs: () => 0n,
    awayAfter: defaultAwayAfter,
    devices: DEVICES,
    sense: (signal) => {
      said.set(signal.provider === DEVICES ? 'devices' : signal.places.join(), signal);
    },
  });
});

afterEach(() => {
  seat.close();
});

const desktop: Session = {
  ...{ kind: 'graphical', greeter: false, remote: false, seat: true, active: true, locked: false },
  ...{ idle: false, idleSinceMs: undefined, uid: 1_000, display: undefined },
  login: { kind: 'session', pid: 1, line: '', isRemote: false, atMs: 0 },
};
const agoMs = (ms: number): number => clock.now().monotonicMs - ms;
const know = (...sessions: Session[]): void => {
  seat.knowSessions(new Map(sessions.map((session, index) => [String(index), session])));
};

/** "engaged", "unknown", or for how long somebody has been away. */
function verdict(place: 'seat' | 'terminals' | 'devices' = 'seat'): string | number | undefined {
  const signal = said.get(place);
  if (signal?.verdict.kind !== 'away') return signal?.verdict.kind;
  return clock.now().wallMs - signal.verdict.sinceMs;
}

describe('the seat', () => {
  test('before anybody was asked nothing is said', () => {
    seat.knowSaver(false);
    expect(said.size).toBe(0);
  });

  test('an idle hint is believed at once, with the instant it gives', () => {
    know({ ...desktop, idle: true, idleSinceMs: agoMs(7 * MINUTE) });
    expect(verdict()).toBe(7 * MINUTE);
    expect(Object.keys(said.get('seat')?.verdict ?? {})).toEqual(['kind', 'sinceMs']);
  });

  test.each<[string, Partial<Session>]>([
    ['says it is idle and not since when', { idle: true }],
    ['will have been idle since tomorrow', { idle: true, idleSinceMs: 1e12 }],
  ])('a session that %s has somebody in it', (_what, odd) => {
    know({ ...desktop, ...odd });
    expect(verdict()).toBe('engaged');
  });

  test('a session that says nothing of idleness is unknown', () => {
    know({ ...desktop, idle: undefined });
    expect(verdict()).toBe('unknown');
  });

  test('a locked screen is believed after 20 s, and certain; an edge starts it anew', () => {
    know(desktop);
    know({ ...desktop, locked: true });
    clock.advance(LOCKED - 1);
    expect(verdict()).toBe('engaged');
    clock.advance(1);
    expect(verdict()).toBe(LOCKED);
    expect(said.get('seat')?.verdict).toMatchObject({ locked: true });
    // Somebody types a password, and gives up.
    know({ ...desktop, locked: true, idle: true, idleSinceMs: agoMs(LOCKED) });
    know({ ...desktop, locked: true, idle: false });
    expect(verdict()).toBe('engaged');
    clock.advance(LOCKED);
    expect(verdict()).toBe(LOCKED);
    know({ ...desktop, locked: false });
    expect(verdict()).toBe('engaged');
  });

  test('a dark screen is believed after a minute, and is not certain', () => {
    know(desktop);
    seat.knowSaver(true);
    clock.advance(MINUTE - 1);
    expect(verdict()).toBe('engaged');
    clock.advance(1);
    expect(said.get('seat')?.verdict).not.toHaveProperty('locked');
    expect(said.get('seat')?.verdict).toMatchObject({ dark: true });
    expect(verdict()).toBe(MINUTE);
  });

  test('a login screen counts as locked, and a login ends it', () => {
    know({ ...desktop, greeter: true });
    clock.advance(MINUTE);
    expect(verdict()).toBe(MINUTE);
    seat.knowSessions(new Map([['new', desktop]]));
    expect(verdict()).toBe('engaged');
  });

  test('whoever counts input is believed before the hint, until an edge says otherwise', () => {
    know(desktop);
    seat.knowInput({ kind: 'away', sinceMs: agoMs(5 * MINUTE) });
    expect(verdict()).toBe(5 * MINUTE);
    seat.sign();
    expect(verdict()).toBe('engaged');
    clock.advance(4 * MINUTE);
    expect(verdict()).toBe(4 * MINUTE);
    seat.knowInput(undefined);
    expect(verdict()).toBe('engaged');
  });

  test('where input is counted it takes 20 s behind a locked screen, a minute in the dark, else four', () => {
    know({ ...desktop, locked: true });
    seat.knowInput({ kind: 'away', sinceMs: agoMs(LOCKED - 1) });
    expect(verdict()).toBe('engaged');
    clock.advance(1);
    expect(verdict()).toBe(LOCKED);
    know(desktop);
    seat.knowInput({ kind: 'engaged' });
    seat.knowSaver(true);
    clock.advance(MINUTE - 1);
    seat.knowInput({ kind: 'away', sinceMs: agoMs(MINUTE - 1) });
    expect(verdict()).toBe('engaged');
    clock.advance(1);
    expect(verdict()).toBe(MINUTE);
    seat.knowInput({ kind: 'engaged' });
    seat.knowSaver(false);
    clock.advance(3 * MINUTE);
    seat.knowInput({ kind: 'away', sinceMs: agoMs(3 * MINUTE) });
    expect(verdict()).toBe('engaged');
    clock.advance(MINUTE);
    expect(verdict()).toBe(4 * MINUTE);
  });

  test('of two seats one person is enough', () => {
    know(desktop, { ...desktop, idle: true, idleSinceMs: agoMs(MINUTE) });
    expect(verdict()).toBe('engaged');
  });

  test('a desktop that ends, with no login after it, had somebody until a moment ago', () => {
    know(desktop);
    clock.advance(MINUTE);
    know();
    expect(verdict()).toBe('engaged');
    clock.advance(LOCKED);
    expect(verdict()).toBe(LOCKED);
  });

  test('a screen saver at one seat hides nothing of the other one', () => {
    know(desktop, { ...desktop, uid: 1_001 });
    seat.knowSaver(true);
    clock.advance(MINUTE);
    expect(verdict()).toBe('engaged');
    know(desktop, { ...desktop, idle: true, idleSinceMs: agoMs(5 * MINUTE) });
    expect(verdict()).toBe(MINUTE);
  });

  test('a session in the background is nobody at the seat', () => {
    know({ ...desktop, active: false });
    expect(verdict()).toBe(0);
    clock.advance(MINUTE);
    expect(verdict()).toBe(MINUTE);
  });

  test('a logind that is lost is unknown, unless input is counted', () => {
    know({ ...desktop, idle: true, idleSinceMs: agoMs(MINUTE) });
    seat.loseSessions('it has ended');
    expect(said.get('seat')?.verdict).toEqual({ kind: 'unknown', why: 'it has ended' });
    expect(verdict('terminals')).toBe('unknown');
    seat.knowInput({ kind: 'engaged' });
    expect(verdict()).toBe('engaged');
    seat.knowInput({ kind: 'away', sinceMs: agoMs(MINUTE) });
    expect(verdict()).toBe('unknown');
    seat.knowInput(undefined);
    know({ ...desktop, idle: true, idleSinceMs: agoMs(7 * MINUTE) });
    expect(verdict()).toBe(7 * MINUTE);
  });
});

describe('input devices', () => {
  test('make a desktop that never gives a hint away, and its person back at the next touch', () => {
    know(desktop);
    seat.knowDevices({ kind: 'engaged' });
    clock.advance(LOCKED);
    seat.knowDevices({ kind: 'away', sinceMs: agoMs(LOCKED) });
    expect(verdict()).toBe('engaged');
    clock.advance(4 * MINUTE - LOCKED);
    expect(verdict()).toBe(4 * MINUTE);
    // They speak with the sessions, and not beside them.
    expect(verdict('devices')).toBe('unknown');
    seat.knowDevices({ kind: 'engaged' });
    expect(verdict()).toBe('engaged');
  });

  test('are believed after 20 s behind a locked screen', () => {
    know({ ...desktop, locked: true });
    seat.knowDevices({ kind: 'away', sinceMs: agoMs(LOCKED) });
    expect(verdict()).toBe(LOCKED);
    expect(said.get('seat')?.verdict).toMatchObject({ locked: true });
  });

  test('that cannot be seen leave it to the hint', () => {
    know({ ...desktop, idle: true, idleSinceMs: agoMs(MINUTE) });
    seat.knowDevices({ kind: 'unknown', why: 'not permitted' });
    expect(verdict()).toBe(MINUTE);
  });

  test('are touched: whatever the desktop counts, somebody is there', () => {
    know(desktop);
    seat.knowInput({ kind: 'away', sinceMs: agoMs(5 * MINUTE) });
    seat.knowDevices({ kind: 'engaged' });
    expect(verdict()).toBe('engaged');
    seat.knowDevices({ kind: 'away', sinceMs: agoMs(4 * MINUTE) });
    seat.knowInput({ kind: 'engaged' });
    expect(verdict()).toBe('engaged');
  });

  test('are not what somebody touches who sits far away', () => {
    know({ ...desktop, remote: true });
    seat.knowDevices({ kind: 'away', sinceMs: agoMs(10 * MINUTE) });
    expect(verdict()).toBe('engaged');
    know({ ...desktop, remote: true, idle: true, idleSinceMs: agoMs(5 * MINUTE) });
    expect(verdict()).toBe(5 * MINUTE);
  });

  test('are not what somebody touches who works by VNC, and a desktop counts for itself alone', () => {
    const vnc = { ...desktop, seat: false, uid: 1_001 };
    know(desktop, vnc);
    seat.knowDevices({ kind: 'away', sinceMs: agoMs(10 * MINUTE) });
    expect(verdict()).toBe('engaged');
    know(desktop, { ...vnc, idle: true, idleSinceMs: agoMs(5 * MINUTE) });
    expect(verdict()).toBe(5 * MINUTE);
    seat.knowDevices({ kind: 'unknown', why: 'not permitted' });
    seat.knowInput({ kind: 'away', sinceMs: agoMs(10 * MINUTE) });
    expect(verdict()).toBe(5 * MINUTE);
    // The other seat's devices are not counted any more, and its session gives no hint.
    know(desktop, { ...desktop, uid: 1_002 });
    clock.advance(5 * MINUTE);
    expect(verdict()).toBe('engaged');
    // Nor are they what somebody touches who works by VNC alone.
    know(vnc);
    seat.knowInput(undefined);
    seat.knowDevices({ kind: 'away', sinceMs: agoMs(10 * MINUTE) });
    clock.advance(5 * MINUTE);
    expect(verdict()).toBe('engaged');
  });

  test('are touched, whatever the hint of a session that is shown elsewhere', () => {
    const vnc = { ...desktop, seat: false, uid: 1_001 };
    seat.knowDevices({ kind: 'engaged' });
    know(desktop, { ...vnc, idle: true, idleSinceMs: agoMs(5 * MINUTE) });
    expect(verdict()).toBe('engaged');
    know(desktop, { ...vnc, idle: undefined });
    expect(verdict()).toBe('engaged');
    seat.knowDevices({ kind: 'away', sinceMs: agoMs(10 * MINUTE) });
    expect(verdict()).toBe('unknown');
  });

  test('that nobody may see leave it unknown who sits before a desktop begun from a terminal', () => {
    const login = { ...desktop.login, line: 'tty1' };
    const begun: Session = { ...desktop, kind: 'terminal', login, idleSinceMs: agoMs(30 * MINUTE) };
    know(begun);
    expect(verdict('terminals')).toBe(30 * MINUTE);
    expect(verdict()).toBe('unknown');
    seat.knowDevices({ kind: 'unknown', why: 'not permitted' });
    expect(verdict()).toBe('unknown');
    seat.knowDevices({ kind: 'away', sinceMs: agoMs(10 * MINUTE) });
    expect(verdict()).toBe(10 * MINUTE);
    seat.knowDevices({ kind: 'engaged' });
    expect(verdict()).toBe('engaged');
    // Over SSH, or behind another session, nobody sits before it.
    seat.knowDevices({ kind: 'unknown', why: 'not permitted' });
    clock.advance(MINUTE);
    const over = { ...begun, login: { ...login, line: 'pts/0' } };
    // Nor is a login on a terminal somebody who is logged in.
    know(over, { ...begun, active: false }, { ...begun, greeter: true });
    expect(typeof verdict()).toBe('number');
  });

  test.each<[string, () => void]>([
    ['nobody was asked of sessions', () => undefined],
    [
      'sessions are not known',
      () => {
        seat.loseSessions('no logind');
      },
    ],
  ])('where %s they speak for the seat after four minutes', (_what, begin) => {
    begin();
    seat.knowDevices({ kind: 'away', sinceMs: agoMs(LOCKED) });
    expect(verdict('devices')).toBe('engaged');
    clock.advance(4 * MINUTE - LOCKED);
    expect(verdict('devices')).toBe(4 * MINUTE);
    seat.knowDevices({ kind: 'engaged' });
    expect(verdict('devices')).toBe('engaged');
    seat.knowDevices({ kind: 'unknown', why: 'not permitted' });
    expect(said.get('devices')?.verdict).toEqual({ kind: 'unknown', why: 'not permitted' });
  });
});

describe('a desktop that counted and fell silent', () => {
  test('leaves it unknown whether somebody is there, whatever the hint says', () => {
    know({ ...desktop, idle: true, idleSinceMs: agoMs(10 * MINUTE) });
    seat.knowInput({ kind: 'away', sinceMs: agoMs(10 * MINUTE) });
    expect(verdict()).toBe(10 * MINUTE);
    seat.knowInput({ kind: 'unknown', why: 'Mutter does not answer' });
    expect(verdict()).toBe('unknown');
    seat.knowInput(undefined);
    expect(verdict()).toBe(10 * MINUTE);
  });
});

describe('terminals', () => {
  const terminal: Session = { ...desktop, kind: 'terminal' };

  test('count for ten minutes after their last use', () => {
    know({ ...terminal, idleSinceMs: agoMs(9 * MINUTE) });
    expect(verdict('terminals')).toBe('engaged');
    clock.advance(MINUTE);
    expect(verdict('terminals')).toBe(10 * MINUTE);
  });

  test('whose use is not known are used', () => {
    know(terminal);
    expect(verdict('terminals')).toBe('engaged');
  });

  test('that are not named leave it unknown, unless another is used', () => {
    const opaque: Session = { ...desktop, kind: 'opaque' };
    know(opaque, { ...terminal, idleSinceMs: agoMs(30 * MINUTE) });
    expect(verdict('terminals')).toBe('unknown');
    know(opaque, { ...terminal, idleSinceMs: agoMs(MINUTE) });
    expect(verdict('terminals')).toBe('engaged');
    clock.advance(9 * MINUTE);
    expect(verdict('terminals')).toBe('unknown');
  });

  test('of which there is none have had nobody since they were watched', () => {
    know(desktop);
    expect(verdict('terminals')).toBe(0);
    clock.advance(7 * MINUTE);
    know(desktop);
    expect(verdict('terminals')).toBe(7 * MINUTE);
  });

  test('a login screen without a terminal leaves nothing unknown', () => {
    know({ ...desktop, kind: 'opaque', greeter: true });
    expect(typeof verdict('terminals')).toBe('number');
  });

  test('that are closed had somebody at them until then', () => {
    know({ ...terminal, idleSinceMs: agoMs(30 * MINUTE) });
    clock.advance(MINUTE);
    know();
    expect(verdict('terminals')).toBe(0);
  });
});

test('the same absence is told with the same instant, however often it is judged', () => {
  const away = { ...desktop, idle: true, idleSinceMs: agoMs(3 * MINUTE) };
  know(away);
  const first = said.get('seat')?.verdict;
  clock.advance(12_345);
  know(away);
  expect(said.get('seat')?.verdict).toEqual(first);
});
