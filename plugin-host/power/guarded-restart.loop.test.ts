// A restart that was ordered, and what comes between: nobody but this machine need be there.

import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Reason } from '../../conditions/reason.js';
import type { Requirement } from '../../conditions/requirement.js';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Guarded } from '../guard/guard.loop.js';
import { guardRestart, type GuardedRestart } from './guarded-restart.loop.js';

const NOW_MS = 1_900_000_000_000;
const DUE = { inMs: 900_000 };
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
  restart.order(DUE, away);
  expect(guarded.map(({ requirements }) => requirements)).toEqual([away]);
  comesBack();
  expect(told).toEqual(['order 900000', 'cancel']);
  expect(guarded).toEqual([]);
});

test('one that finds somebody there is not told to the machine, and takes back the one before (M1, M3)', () => {
  restart.order(DUE, away);
  objections = [present];
  restart.order({ inMs: 900_001 }, away);
  expect(told).toEqual(['order 900000', 'cancel']);
  expect(guarded).toEqual([]);
});

test('what was not ordered here is not taken back by the machine alone: it may be an administrator’s (M5)', () => {
  objections = [present];
  restart.order(DUE, away);
  restart.takeBack([{ code: 'TRIPPED' }]);
  expect(told).toEqual([]);
});

test('a halt takes it back once', () => {
  restart.order(DUE, away);
  restart.takeBack([{ code: 'TRIPPED' }]);
  restart.takeBack([{ code: 'TRIPPED' }]);
  expect([told, guarded]).toEqual([['order 900000', 'cancel'], []]);
});

test('a new order is guarded in place of the one before (M3)', () => {
  restart.order(DUE, away);
  restart.order({ inMs: 900_001 }, []);
  expect(told).toEqual(['order 900000', 'order 900001']);
  expect(guarded.map(({ requirements }) => requirements)).toEqual([[]]);
});

test('cancelled, it is guarded no more', () => {
  restart.order(DUE, away);
  restart.cancel();
  expect([told, guarded]).toEqual([['order 900000', 'cancel'], []]);
});

describe('a plugin-host that stops', () => {
  test('before it is due takes it back, and waits until that is told (M2)', async () => {
    restart.order(DUE, away);
    await restart.close();
    expect([told, guarded]).toEqual([['order 900000', 'cancel', 'settled'], []]);
  });

  test('because it is due takes nothing back', async () => {
    restart.order(DUE, away);
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
  restart.order(DUE, away);
  clock.advance(900_000 + 600_000);
  expect(guarded).toEqual([]);
});

test('its instant is of this machine’s clock, whatever the clock of its orchestrator says (M4)', () => {
  restart.order({ inMs: 5_000 }, away);
  restart.order({ atMs: NOW_MS + 7_000 }, away); // Of an older one.
  expect(told).toEqual(['order 5000', 'order 7000']);
});
