// A clock that is set while Lull runs, with a machine that sleeps as well.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Readings } from '../../conditions/reading.js';
import { createLog } from '../../runtime/log.js';
import { until } from '../../runtime/until.testing.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { HostConnection } from '../link/host-session.loop.js';
import {
  admitted,
  awaySince,
  enabled,
  engaged,
  finished,
  found,
  NOW_MS,
  quietReadings,
  submitted,
  trustingPolicy,
  updateOf,
} from '../world/history.testing.js';
import { openLedgerUnderTest, type LedgerUnderTest } from '../world/ledger.testing.js';
import { watchClock } from './clock-set.loop.js';
import { startTurns, type Turns } from './turn.loop.js';

const DAY_MS = 86_400_000;
const LONG_MS = 90 * DAY_MS;
const log = createLog('test', 'silent');
let clock: VirtualClock;
let rig: LedgerUnderTest;
/** What the machine slept: the wall clock goes on meanwhile, as does the time since it started. */
let sleptMs: number;
const upMs = (): number => clock.now().monotonicMs + sleptMs;

beforeEach(async () => {
  clock = new VirtualClock(NOW_MS);
  rig = await openLedgerUnderTest(clock);
  sleptMs = 0;
});

afterEach(() => rig.close());

async function kinds(): Promise<string[]> {
  return (await rig.facts()).map(({ kind }) => kind);
}

test('is told once, in both directions; less than a day and a sleep are not', async () => {
  const notice = watchClock({ ledger: rig.ledger, clock, upMs, log });
  clock.set(DAY_MS - 1);
  expect(await notice()).toBe(false);
  clock.set(LONG_MS);
  sleptMs += LONG_MS;
  expect(await notice()).toBe(false);
  clock.set(LONG_MS);
  expect([await notice(), await notice()]).toEqual([true, false]);
  clock.set(-DAY_MS);
  expect([await notice(), await notice()]).toEqual([true, false]);
  expect(await rig.facts()).toEqual([
    { kind: 'clock.set', byMs: LONG_MS },
    { kind: 'clock.set', byMs: -DAY_MS },
  ]);
});

test('where it could not be written it is told the next time', async () => {
  let isFull = true;
  const append = (facts: Parameters<typeof rig.ledger.append>[0]): Promise<void> =>
    isFull ? Promise.reject(new Error('the disk is full')) : rig.ledger.append(facts);
  const notice = watchClock({ ledger: { append }, clock, upMs, log });
  clock.set(LONG_MS);
  await expect(notice()).rejects.toThrow('full');
  isFull = false;
  expect(await notice()).toBe(true);
});

/** Turns on a machine that wants to look for updates, and what its host was granted. */
function turnsOf(readings: () => Readings): { readonly turns: Turns; readonly granted: string[] } {
  const granted: string[] = [];
  const host: HostConnection = {
    ...{ hostId: 'host-1', instanceId: 'i', bootId: 'b', confinement: undefined },
    ...{ held: new Map(), diskPath: '' },
    send: (command) => {
      if (command.$case === 'grant') granted.push(command.value.work?.$case ?? '');
    },
  };
  const turns = startTurns({
    ...{ ledger: rig.ledger, clock, log, upMs, soon: setImmediate, mayStart: () => true },
    policy: () => trustingPolicy,
    host: () => host,
    hostView: () => ({
      ...{ id: 'host-1', attached: true, level: 'confined', diskPath: '/' },
      readings: readings(),
      servedSinceMs: NOW_MS - DAY_MS,
    }),
    onWanted: () => undefined,
  });
  return { turns, granted };
}

/** As long as sensors may take to look again. */
const LOOK_MS = 2_000;

async function turnsAreOver(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test('set right after months, it lets nothing run beside the person who set it', async () => {
  const { ledger } = rig;
  const scanned = [admitted('s', { kind: 'scan' }), finished('s', { kind: 'succeeded' })];
  await ledger.append([submitted(), enabled(), ...scanned, found([updateOf('a')])]);
  const { turns, granted } = turnsOf(() => quietReadings({ presence: engaged }));
  clock.set(LONG_MS);
  turns.wake();
  await until(
    'it is noted',
    () => ledger.world.updates.values().next().value?.firstSeenAtMs !== NOW_MS,
  );
  await turnsAreOver();
  clock.advance(LOOK_MS);
  await until('a look at what is overdue: the scan', () => granted.length > 0);
  await turns.close();
  expect(granted).toEqual(['scan']);
  expect(await kinds()).toContain('clock.set');
  const [state] = ledger.world.updates.values();
  expect(state?.firstSeenAtMs).toBe(NOW_MS + LONG_MS);
});

describe.each([
  ['slept through', true],
  ['that a clock was set ahead by', false],
])('hours %s', (_what, asleep) => {
  test('are no absence, also while the sensors have not looked again', async () => {
    const hoursMs = DAY_MS / 3;
    await rig.ledger.append([submitted(), enabled()]);
    let awaySinceMs = NOW_MS - 60_000;
    const { turns, granted } = turnsOf(() => quietReadings({ presence: awaySince(awaySinceMs) }));
    clock.set(hoursMs);
    if (asleep) sleptMs += hoursMs;
    // As a network does that comes back, or a plug, before any sensor has had its turn.
    for (let edge = 0; edge < 3; edge += 1) {
      turns.wake();
      await turnsAreOver();
      clock.advance(LOOK_MS / 4);
    }
    // What is permitted is in the journal first.
    expect(await kinds()).not.toContain('run.admitted');
    awaySinceMs += hoursMs;
    clock.advance(LOOK_MS);
    await turnsAreOver();
    expect(await kinds()).not.toContain('run.admitted');
    clock.advance(4 * 60_000);
    await until('four minutes are over', () => granted.length > 0);
    await turns.close();
  });
});
