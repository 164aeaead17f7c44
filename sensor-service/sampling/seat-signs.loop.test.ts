// What counts as a sign of a person at the seat, beside what the levels say.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { defaultAwayAfter, type SeatVerdict } from '../reading/seat.js';
import type { Verdict } from '../reading/presence.js';
import type { Session } from '../reading/session.js';
import { SeatLoop } from './seat.loop.js';

const MINUTE = 60_000;

let clock: VirtualClock;
let seat: SeatLoop;
let said: Verdict | undefined;

beforeEach(() => {
  clock = new VirtualClock();
  clock.advance(60 * MINUTE);
  said = undefined;
  seat = new SeatLoop({
    clock,
    monotonicNs: () => 0n,
    awayAfter: defaultAwayAfter,
    devices: '/dev/input',
    sense: ({ provider, verdict }) => {
      if (provider === 'logind (seat)') said = verdict;
    },
  });
});

afterEach(() => {
  seat.close();
});

/** A desktop that gave its hint long ago. */
const idle: Session = {
  ...{ kind: 'graphical', greeter: false, remote: false, seat: true, active: true, locked: false },
  ...{ idle: true, idleSinceMs: 0, uid: 1_000, display: undefined },
  login: { kind: 'session', pid: 1, line: '', isRemote: false, atMs: 0 },
};
const know = (session: Session): void => {
  seat.knowSessions(new Map([['1', session]]));
};
const untouched = (agoMs: number): SeatVerdict => ({
  kind: 'away',
  sinceMs: clock.now().monotonicMs - agoMs,
});

/** "engaged", "unknown", or for how long somebody has been away. */
function verdict(): string | number | undefined {
  return said?.kind === 'away' ? clock.now().wallMs - said.sinceMs : said?.kind;
}

test.each<[string, begin: () => void, edge: () => void]>([
  [
    'a screen saver that ends',
    () => {
      seat.knowSaver(true);
    },
    () => {
      seat.knowSaver(false);
    },
  ],
  [
    'a screen that is unlocked',
    () => {
      know({ ...idle, locked: true });
    },
    () => {
      know(idle);
    },
  ],
  [
    'a touch that whoever counts forgets at once',
    () => {
      seat.knowInput(untouched(60 * MINUTE));
    },
    () => {
      seat.knowInput({ kind: 'engaged' });
      seat.knowInput(untouched(60 * MINUTE));
    },
  ],
  [
    'somebody who was counted when counting ended',
    () => {
      seat.knowInput({ kind: 'engaged' });
    },
    () => {
      seat.knowInput(undefined);
    },
  ],
])('%s is a sign of a person, whatever the hint says', (_what, begin, edge) => {
  know(idle);
  begin();
  clock.advance(5 * MINUTE);
  edge();
  expect(verdict()).toBe('engaged');
  clock.advance(5 * MINUTE);
  expect(verdict()).toBe(5 * MINUTE);
});

test.each<[string, edge: () => void]>([
  [
    'a screen saver that was not on and is not',
    () => {
      seat.knowSaver(false);
    },
  ],
  [
    'a screen that locks',
    () => {
      know({ ...idle, locked: true });
    },
  ],
  [
    'what counts from now on, and nobody touches',
    () => {
      seat.knowInput(untouched(60 * MINUTE));
    },
  ],
])('%s is none', (_what, edge) => {
  clock.advance(60 * MINUTE);
  know(idle);
  edge();
  clock.advance(defaultAwayAfter.lockedMs);
  expect(verdict()).not.toBe('engaged');
});

test('a desktop and its devices count from the last touch, whoever saw it', () => {
  know(idle);
  seat.knowInput(untouched(10 * MINUTE));
  seat.knowDevices(untouched(5 * MINUTE));
  expect(verdict()).toBe(5 * MINUTE);
  seat.knowInput(untouched(4 * MINUTE));
  expect(verdict()).toBe(4 * MINUTE);
  seat.knowInput({ kind: 'unknown', why: 'Mutter does not answer' });
  expect(said).toEqual({ kind: 'unknown', why: 'Mutter does not answer' });
});
