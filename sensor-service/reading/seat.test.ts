import { expect, test } from '@jest/globals';
import { stillAfterMs } from './counted-input.js';
import { defaultAwayAfter, sittingSession } from './seat.js';
import type { Session } from './session.js';

const desktop: Session = {
  ...{ kind: 'graphical', greeter: false, remote: false, seat: true, active: true, locked: false },
  ...{ idle: false, idleSinceMs: undefined, uid: 1_000, display: undefined },
  login: { kind: 'session', pid: 1, line: '', isRemote: false, atMs: 0 },
};

test.each<[string, readonly Partial<Session>[], number | undefined]>([
  ['the one at a seat', [{ seat: false }, {}], 1],
  ['one that VNC shows, where nobody is at a seat', [{ seat: false }, { seat: false }], 0],
  ['no login screen, and none on another machine', [{ greeter: true }, { remote: true }, {}], 2],
  ['none that lies behind another', [{ active: false }, { kind: 'terminal' }], undefined],
])('the desktop that is asked is %s', (_what, odd, at) => {
  const sessions = odd.map((each) => ({ ...desktop, ...each }));
  expect(sittingSession({ sessions })).toBe(at === undefined ? undefined : sessions[at]);
});

test('whoever counts input says that nobody touches anything when the shortest wait would be over', () => {
  expect(stillAfterMs(defaultAwayAfter)).toBe(defaultAwayAfter.lockedMs);
  expect(stillAfterMs({ ...defaultAwayAfter, darkMs: 7 })).toBe(7);
  expect(stillAfterMs({ ...defaultAwayAfter, inputMs: 5 })).toBe(5);
});
