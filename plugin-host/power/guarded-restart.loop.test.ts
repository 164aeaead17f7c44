// A restart that was ordered, and what comes between: nobody but this machine need be there.

import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Reason } from '../../conditions/reason.js';
import type { Requirement } from '../../conditions/requirement.js';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Guarded } from '../guard/guard.loop.js';
import { guardRestart, type GuardedRestart } from './guarded-restart.loop.js';

const NOW_MS = 1_900_000_000_000;
const AT_MS = NOW_MS + 900_000;
const away: Requirement[] = [{ kind: 'person-away', forMs: 0 }];
const present: Reason = { code: 'PERSON_PRESENT', message: 'somebody is there' };

let clock: VirtualClock;
let told: string[];
let guarded: Guarded[];
let objections: Reason[];
let restart: GuardedRestart;

beforeEach(() => {
  clock = new VirtualClock(NOW_MS);
  [told, guarded, objections] = [[], [], []];
  restart = guardRestart({
    machine: {
      order: (atMs) => told.push(`order ${String(atMs - NOW_MS)}`),
      cancel: () => told.push('cancel'),
      settled: () => Promise.resolve(void told.push('settled')),
    },
    guard: {
      objections: () => objections,
      protect: (each) => {
        guarded.push(each);
        return () => (guarded = guarded.filter((other) => other !== each));
      },
    },
    clock,
    log: createLog('test', 'silent'),
  });
});

function comesBack(): void {
  for (const { onBroken } of guarded) onBroken([present], () => undefined);
}

test('a person who comes back takes it back, whoever else is there or not (M1)', () => {
  restart.order(AT_MS, away);
  expect(guarded.map(({ requirements }) => requirements)).toEqual([away]);
  comesBack();
  expect(told).toEqual(['order 900000', 'cancel']);
  expect(guarded).toEqual([]);
});

test('one that finds somebody there is not told to the machine, and takes back the one before (M1, M3)', () => {
  restart.order(AT_MS, away);
  objections = [present];
  restart.order(AT_MS + 1, away);
  expect(told).toEqual(['order 900000', 'cancel']);
  expect(guarded).toEqual([]);
});

test('a new order is guarded in place of the one before (M3)', () => {
  restart.order(AT_MS, away);
  restart.order(AT_MS + 1, []);
  expect(told).toEqual(['order 900000', 'order 900001']);
  expect(guarded.map(({ requirements }) => requirements)).toEqual([[]]);
});

test('cancelled, it is guarded no more', () => {
  restart.order(AT_MS, away);
  restart.cancel();
  expect([told, guarded]).toEqual([['order 900000', 'cancel'], []]);
});

describe('a plugin-host that stops', () => {
  test('before it is due takes it back, and waits until that is told (M2)', async () => {
    restart.order(AT_MS, away);
    await restart.close();
    expect([told, guarded]).toEqual([['order 900000', 'cancel', 'settled'], []]);
  });

  test('because it is due takes nothing back', async () => {
    restart.order(AT_MS, away);
    clock.advance(900_000);
    await restart.close();
    expect(told).toEqual(['order 900000', 'settled']);
  });

  test('that was told of none, or has taken it back, tells nothing', async () => {
    await restart.close();
    expect(told).toEqual(['settled']);
  });
});

test('a machine that did not restart is not guarded for ever', () => {
  restart.order(AT_MS, away);
  clock.advance(900_000 + 600_000);
  expect(guarded).toEqual([]);
});
