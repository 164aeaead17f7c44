// A clock that is set while Lull runs, with a machine that sleeps as well.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { until } from '../../runtime/until.testing.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { HostConnection } from '../link/host-session.loop.js';
import {
  admitted,
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
import { startTurns } from './turn.loop.js';

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

test('set right after months, it lets nothing run beside the person who set it', async () => {
  const { ledger } = rig;
  const scanned = [admitted('s', { kind: 'scan' }), finished('s', { kind: 'succeeded' })];
  await ledger.append([submitted(), enabled(), ...scanned, found([updateOf('a')])]);
  const granted: string[] = [];
  const host: HostConnection = {
    ...{ hostId: 'host-1', instanceId: 'i', bootId: 'b', confinement: undefined },
    ...{ held: new Map(), diskPath: '' },
    send: (command) => {
      if (command.$case === 'grant') granted.push(command.value.work?.$case ?? '');
    },
  };
  const turns = startTurns({
    ...{ ledger, clock, log, upMs, soon: setImmediate, mayStart: () => true },
    policy: () => trustingPolicy,
    host: () => host,
    hostView: () => ({
      ...{ id: 'host-1', attached: true, level: 'confined', diskPath: '/' },
      readings: quietReadings({ presence: engaged }),
      servedSinceMs: NOW_MS - DAY_MS,
    }),
    onWanted: () => undefined,
  });
  clock.set(LONG_MS);
  turns.wake();
  await until('a look at what is overdue: the scan', () => granted.length > 0);
  await turns.close();
  expect(granted).toEqual(['scan']);
  expect(await kinds()).toContain('clock.set');
  const [state] = ledger.world.updates.values();
  expect(state?.firstSeenAtMs).toBe(NOW_MS + LONG_MS);
});
