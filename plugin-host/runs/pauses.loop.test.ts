// The pauses of one run, with a clock that the test moves and a sandbox that writes down what is done
// to it.

import { beforeEach, describe, expect, test } from '@jest/globals';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { RunEvent } from './event.js';
import { Pauses, RunOverError } from './pauses.loop.js';
import { recordingSandbox, type RecordingSandbox } from './recording-sandbox.testing.js';

const RUN_MS_MAX = 60_000;
let clock: VirtualClock;
let sandbox: RecordingSandbox;
let events: RunEvent[];
let overTime: number;
let pauses: Pauses;

beforeEach(() => {
  clock = new VirtualClock();
  sandbox = recordingSandbox(clock);
  [events, overTime] = [[], 0];
  pauses = new Pauses({
    clock,
    runMsMax: RUN_MS_MAX,
    emit: (event) => events.push(event),
    onTimeLimit: () => (overTime += 1),
  });
});

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
    const told = new Pauses({
      clock,
      runMsMax: RUN_MS_MAX,
      emit: () => (toldAfter = [...sandbox.calls]),
      onTimeLimit: () => undefined,
    });
    told.attach(sandbox);
    told.hold('guard', ['PERSON_PRESENT']);
    expect(sandbox.isFrozen()).toBe(true);
    expect(toldAfter).toEqual(['freeze']);
  });

  test('tells the reasons, and how long after the sensor saw it', () => {
    pauses.attach(sandbox);
    const edgeNs = process.hrtime.bigint() - 3_000_000n;
    pauses.hold('guard', ['PERSON_PRESENT', 'ON_BATTERY'], edgeNs);
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
