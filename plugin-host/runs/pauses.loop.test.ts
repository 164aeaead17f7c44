// The pauses of one run, with a clock that the test moves and a sandbox that writes down what is done
// to it.

import { beforeEach, describe, expect, test } from '@jest/globals';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { states } from '../trees/pass.js';
import type { RunEvent } from './event.js';
import { ASKED_MS_MAX, Pauses } from './pauses.loop.js';
import { recordingSandbox, type RecordingSandbox } from './recording-sandbox.testing.js';
import { Section } from './section.loop.js';
import { RunOverError } from './waiters.js';

const RUN_MS_MAX = 60_000;
let clock: VirtualClock;
let sandbox: RecordingSandbox;
let events: RunEvent[];
let overTime: number;
let section: Section;
let steps: number;
let pauses: Pauses;

beforeEach(() => {
  clock = new VirtualClock();
  sandbox = recordingSandbox(clock);
  [events, overTime, steps] = [[], 0, 0];
  const emit = (event: RunEvent): void => void events.push(event);
  section = new Section({ clock, emit, onOverrun: () => (overTime += 1) });
  pauses = pausesThatTell(emit);
});

function pausesThatTell(emit: (event: RunEvent) => void): Pauses {
  return new Pauses({
    ...{ clock, section, emit, runMsMax: RUN_MS_MAX },
    onStep: () => (steps += 1),
    onTimeLimit: () => (overTime += 1),
    onGoesOn: () => undefined,
  });
}

async function isWaiting(promise: Promise<void>): Promise<boolean> {
  let settled = false;
  const note = (): void => void (settled = true);
  promise.then(note, note);
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  return !settled;
}

describe('holding', () => {
  test('freezes before it returns and before it is told (P1)', () => {
    pauses.attach(sandbox);
    let toldAfter: string[] = [];
    const told = pausesThatTell(() => (toldAfter = [...sandbox.calls]));
    told.attach(sandbox);
    told.hold('guard', ['PERSON_PRESENT']);
    expect(sandbox.isFrozen()).toBe(true);
    expect(toldAfter).toEqual(['freeze']);
  });

  test('what threads do for it stands still in the turn in which it is frozen, and ends with it (P3)', () => {
    const state = (): number | undefined => new Int32Array(pauses.pass)[0];
    pauses.attach(sandbox);
    pauses.hold('guard', ['PERSON_PRESENT']);
    expect(state()).toBe(states.frozen);
    pauses.permit([]);
    expect(state()).toBe(states.open);
    pauses.close();
    expect(state()).toBe(states.over);
  });

  test('tells the reasons, and how long after the sensor saw it', () => {
    pauses.attach(sandbox);
    const edgeNs = process.hrtime.bigint() - 3_000_000n;
    pauses.hold('guard', ['PERSON_PRESENT', 'ON_BATTERY'], () => edgeNs);
    expect(events).toMatchObject([{ kind: 'frozen', reasons: ['PERSON_PRESENT', 'ON_BATTERY'] }]);
    const [event] = events;
    const reactionNs = event?.kind === 'frozen' ? event.reactionNs : undefined;
    expect(reactionNs).toBeGreaterThanOrEqual(3_000_000n);
    expect(reactionNs).toBeLessThanOrEqual(process.hrtime.bigint() - edgeNs);
  });

  test('without a sensor behind it has no reaction time', () => {
    pauses.attach(sandbox);
    pauses.hold('lease', ['LEASE_LOST']);
    expect(events[0]).not.toHaveProperty('reactionNs');
  });

  test('where nothing runs yet it has no reaction time either: nothing was stopped', () => {
    pauses.hold('guard', ['PERSON_PRESENT'], () => process.hrtime.bigint());
    expect(events).toMatchObject([{ kind: 'frozen', reasons: ['PERSON_PRESENT'] }]);
    expect(events[0]).not.toHaveProperty('reactionNs');
  });

  test('again while it is held freezes once and tells once', () => {
    pauses.attach(sandbox);
    pauses.hold('guard', ['PERSON_PRESENT']);
    pauses.hold('guard', ['PERSON_PRESENT', 'ON_BATTERY']);
    pauses.hold('operator', ['OPERATOR']);
    expect(sandbox.calls).toEqual(['freeze']);
    expect(events).toHaveLength(1);
  });

  test('before there is a sandbox freezes it the instant there is one', () => {
    pauses.hold('guard', ['PERSON_PRESENT']);
    expect(pauses.frozen).toBe(true);
    pauses.attach(sandbox);
    expect(sandbox.calls).toEqual(['freeze']);
    pauses.permit([]);
    expect(sandbox.calls).toEqual(['freeze', 'thaw']);
  });
});

describe('letting go', () => {
  beforeEach(() => {
    pauses.attach(sandbox);
  });

  test('thaws only when nothing holds the run any more (P2)', () => {
    pauses.hold('guard', ['PERSON_PRESENT']);
    pauses.hold('lease', ['LEASE_LOST']);
    pauses.hold('operator', ['OPERATOR']);
    pauses.permit([]);
    expect(sandbox.isFrozen()).toBe(true);
    pauses.renewLease();
    expect(sandbox.calls).toEqual(['freeze', 'thaw']);
  });

  test('a lost lease ends with the next renewal, and what the guard holds does not', () => {
    pauses.hold('lease', ['LEASE_LOST']);
    pauses.renewLease();
    expect(sandbox.isFrozen()).toBe(false);
    pauses.hold('guard', ['PERSON_PRESENT']);
    pauses.renewLease();
    expect(sandbox.isFrozen()).toBe(true);
  });

  test('a permission that crosses a broken guard leaves it frozen and says why again', () => {
    pauses.hold('operator', ['OPERATOR']);
    pauses.permit(['PERSON_PRESENT']);
    expect(sandbox.calls).toEqual(['freeze']);
    expect(events).toMatchObject([
      { kind: 'frozen', reasons: ['OPERATOR'] },
      { kind: 'frozen', reasons: ['PERSON_PRESENT'] },
    ]);
    expect(events[1]).not.toHaveProperty('reactionNs');
  });

  test('tells how long it stood, and the CPU that was used since', () => {
    clock.advance(1_000);
    pauses.hold('guard', ['PERSON_PRESENT']);
    clock.advance(240_000);
    pauses.permit([]);
    expect(events.at(-1)).toEqual({ kind: 'thawed', frozenMs: 240_000, cpuUsWhileFrozen: 0 });
  });

  test('what was in the kernel at the freeze is not counted; what runs on in spite of it is', () => {
    let leaking = 0;
    const leaky = { ...sandbox, cpuUs: () => leaking };
    pauses.attach(leaky);
    pauses.hold('guard', ['PERSON_PRESENT']);
    leaking = 700;
    clock.advance(60);
    leaking = 900;
    pauses.permit([]);
    expect(events.at(-1)).toMatchObject({ cpuUsWhileFrozen: 200 });
  });

  test('what a busy machine lets stop late is counted before the freeze, not in it', () => {
    let [used, still] = [0, false];
    const slow = { ...sandbox, cpuUs: () => used, isStill: () => still };
    pauses.attach(slow);
    pauses.hold('guard', ['PERSON_PRESENT']);
    for (let look = 0; look < 5; look += 1) {
      used += 100;
      clock.advance(50);
    }
    still = true;
    clock.advance(100);
    used += 7;
    pauses.permit([]);
    expect(events.at(-1)).toMatchObject({ cpuUsWhileFrozen: 7 });
  });

  test('of what is not held does nothing', () => {
    pauses.permit([]);
    pauses.renewLease();
    expect(sandbox.calls).toEqual([]);
    expect(events).toEqual([]);
  });
});

describe('the time limit', () => {
  test('ends a run that goes on for too long, once', () => {
    pauses.attach(sandbox);
    clock.advance(RUN_MS_MAX - 1);
    expect(overTime).toBe(0);
    clock.advance(1);
    expect(overTime).toBe(1);
    clock.advance(RUN_MS_MAX * 3);
    expect(overTime).toBe(1);
  });

  test('stands still while the run is frozen, also many times (P3)', () => {
    pauses.attach(sandbox);
    for (let round = 0; round < 5; round += 1) {
      clock.advance(10_000);
      pauses.hold('guard', ['PERSON_PRESENT']);
      clock.advance(RUN_MS_MAX * 10);
      pauses.permit([]);
    }
    expect(overTime).toBe(0);
    clock.advance(9_999);
    expect(overTime).toBe(0);
    clock.advance(1);
    expect(overTime).toBe(1);
  });

  test('does not begin before there is a sandbox', () => {
    clock.advance(RUN_MS_MAX * 2);
    pauses.attach(sandbox);
    clock.advance(RUN_MS_MAX - 1);
    expect(overTime).toBe(0);
  });
});

describe('what the host does for the run', () => {
  test('waits while it is frozen, and goes on with it (P3)', async () => {
    pauses.attach(sandbox);
    await pauses.thawed();
    pauses.hold('guard', ['PERSON_PRESENT']);
    const waiting = [pauses.thawed(), pauses.thawed()];
    for (const each of waiting) expect(await isWaiting(each)).toBe(true);
    pauses.permit([]);
    await Promise.all(waiting);
  });

  test('is told when the run is over', async () => {
    pauses.attach(sandbox);
    pauses.hold('guard', ['PERSON_PRESENT']);
    const waiting = pauses.thawed();
    pauses.close();
    await expect(waiting).rejects.toThrow(RunOverError);
    await expect(pauses.thawed()).rejects.toThrow(RunOverError);
  });
});

describe('in a critical section', () => {
  const SECTION_MS_MAX = 5_000;

  beforeEach(async () => {
    pauses.attach(sandbox);
    await pauses.enterSection('the lock of dpkg', SECTION_MS_MAX);
    events.length = 0;
  });

  test('a person who returns slows the run before hold returns (P1), and says how fast', () => {
    const edgeNs = process.hrtime.bigint();
    pauses.hold('guard', ['PERSON_PRESENT'], () => edgeNs);
    expect(sandbox.calls).toEqual(['throttle']);
    expect(events).toMatchObject([{ kind: 'throttled', reasons: ['PERSON_PRESENT'] }]);
    expect(events[0]).toHaveProperty('reactionNs');
    expect({ held: pauses.held, frozen: pauses.frozen }).toEqual({ held: true, frozen: false });
  });

  test('it is frozen the instant it has left', () => {
    pauses.hold('guard', ['PERSON_PRESENT']);
    clock.advance(700);
    pauses.leaveSection();
    expect(sandbox.calls).toEqual(['throttle', 'freeze']);
    expect(events.map(({ kind }) => kind)).toEqual(['throttled', 'critical', 'frozen']);
    pauses.permit([]);
    expect(sandbox.calls).toEqual(['throttle', 'freeze', 'unthrottle', 'thaw']);
    expect(events.at(-1)).toMatchObject({ kind: 'thawed', cpuUsWhileFrozen: 0 });
  });

  test('one that is released inside goes on at full speed, and is not frozen later', () => {
    pauses.hold('guard', ['PERSON_PRESENT']);
    clock.advance(1_000);
    pauses.permit([]);
    pauses.leaveSection();
    expect(sandbox.calls).toEqual(['throttle', 'unthrottle', 'thaw']);
    expect(events).toMatchObject([
      { kind: 'throttled' },
      { kind: 'unthrottled', throttledMs: 1_000, cpuUsWhileThrottled: 1_000_000 },
      { kind: 'critical', entered: false, lastedMs: 1_000 },
    ]);
  });

  test('the host does what leads out of it, and nothing else', async () => {
    pauses.hold('guard', ['PERSON_PRESENT']);
    await pauses.thawed();
    const released = pauses.released();
    expect(await isWaiting(released)).toBe(true);
    pauses.permit([]);
    await released;
  });

  test('the time limit stands still, the bound of the section does not', () => {
    pauses.hold('guard', ['PERSON_PRESENT']);
    clock.advance(SECTION_MS_MAX - 1);
    expect(overTime).toBe(0);
    clock.advance(1);
    expect(overTime).toBe(1);
    expect(events.at(-1)).toMatchObject({ kind: 'critical', overrun: true, lastedMs: 5_000 });
    clock.advance(RUN_MS_MAX * 2);
    expect(overTime).toBe(1);
    expect(pauses.frozen).toBe(false);
  });

  test('that is still open at the end of the run is told to be left (S2)', () => {
    pauses.close();
    expect(events).toMatchObject([{ kind: 'critical', entered: false, overrun: false }]);
  });
});

test('a run that is held enters no section, however it got the word out (P4)', async () => {
  pauses.attach(sandbox);
  pauses.hold('guard', ['PERSON_PRESENT']);
  const entering = pauses.enterSection('late', 1_000);
  expect(await isWaiting(entering)).toBe(true);
  expect(section.entered).toBe(false);
  pauses.permit([]);
  await entering;
  expect(section.entered).toBe(true);
});

describe('an updater that can be asked to pause', () => {
  let asked: number[];
  let answer: () => void;
  let resumed: number;

  beforeEach(() => {
    [asked, resumed] = [[], 0];
    pauses.attach(sandbox);
    pauses.offer({
      pause: (deadlineMs) => {
        asked.push(deadlineMs);
        return new Promise((resolve) => (answer = resolve));
      },
      resume: () => {
        resumed += 1;
        return Promise.resolve();
      },
    });
  });

  test('is slowed at once, asked, and frozen when it stands', async () => {
    pauses.hold('guard', ['PERSON_PRESENT']);
    expect({ calls: sandbox.calls, asked }).toEqual({ calls: ['throttle'], asked: [ASKED_MS_MAX] });
    answer();
    await isWaiting(pauses.released());
    expect(sandbox.calls).toEqual(['throttle', 'freeze']);
    expect(events.map(({ kind }) => kind)).toEqual(['throttled', 'frozen']);
    pauses.permit([]);
    expect({ calls: sandbox.calls.slice(2), resumed }).toEqual({
      calls: ['unthrottle', 'thaw'],
      resumed: 1,
    });
  });

  test('that does not answer is frozen within the 2 s that Windows promises', () => {
    pauses.hold('guard', ['PERSON_PRESENT']);
    clock.advance(ASKED_MS_MAX - 1);
    expect(pauses.frozen).toBe(false);
    clock.advance(1);
    expect({ frozen: pauses.frozen, steps }).toEqual({ frozen: true, steps: 1 });
    expect(ASKED_MS_MAX).toBeLessThan(2_000);
  });

  test('whose person leaves before it has answered goes on, and its late answer freezes nothing', async () => {
    pauses.hold('guard', ['PERSON_PRESENT']);
    pauses.permit([]);
    answer();
    clock.advance(ASKED_MS_MAX * 2);
    await isWaiting(pauses.released());
    expect(sandbox.calls).toEqual(['throttle', 'unthrottle', 'thaw']);
    expect({ resumed, held: pauses.held }).toEqual({ resumed: 1, held: false });
  });

  test('is asked again at the next return', () => {
    for (const round of [1, 2, 3]) {
      pauses.hold('guard', ['PERSON_PRESENT']);
      expect(asked).toHaveLength(round);
      clock.advance(ASKED_MS_MAX);
      pauses.permit([]);
    }
  });
});

test('after its end nothing is frozen, thawed, told or timed any more', () => {
  pauses.attach(sandbox);
  pauses.hold('guard', ['PERSON_PRESENT']);
  pauses.close();
  pauses.close();
  const told = events.length;
  pauses.permit([]);
  pauses.hold('operator', ['OPERATOR']);
  clock.advance(RUN_MS_MAX * 2);
  expect(sandbox.calls).toEqual(['freeze']);
  expect({ told: events.length, overTime }).toEqual({ told, overTime: 0 });
});
