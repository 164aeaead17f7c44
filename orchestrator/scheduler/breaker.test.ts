// The circuit breaker over days: three crashes, a rest, and one try.

import { describe, expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import {
  admitted,
  at,
  enabled,
  failure,
  finished,
  NOW_MS,
  submitted,
  trustingPolicy,
  UPDATER,
  worldOf,
  type Dated,
} from '../world/history.testing.js';
import { breakerObjections } from './breaker.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const scan = { kind: 'scan' } as const;

type End = Extract<Fact, { kind: 'run.finished' }>['outcome'];

function endsAt(hours: number, outcome: End): Dated[] {
  const id = `r${String(hours)}`;
  return at(NOW_MS + hours * HOUR_MS, admitted(id, scan, { attempt: 9 }), finished(id, outcome));
}

const crash = (hours: number): Dated[] => endsAt(hours, failure('TIME_LIMIT'));
const answer = (hours: number): Dated[] => endsAt(hours, failure('UPSTREAM_DOWN'));
const thrice = [...crash(0), ...crash(1), ...crash(2)];

/** Until when it rests, in hours, as seen at an instant; undefined: it does not. */
function restsUntil(dated: readonly Dated[], hours: number): number | undefined {
  const world = worldOf([...at(1, submitted(), enabled()), ...dated]);
  const updater = world.updaters.get(UPDATER);
  if (updater === undefined) throw new Error('it was enabled');
  const [reason] = breakerObjections(updater, trustingPolicy, NOW_MS + hours * HOUR_MS);
  return reason?.untilMs === undefined ? undefined : (reason.untilMs - NOW_MS) / HOUR_MS;
}

describe('the circuit breaker', () => {
  test('opens at the third crash within a day, for a day', () => {
    expect(restsUntil([...crash(0), ...crash(1)], 1)).toBeUndefined();
    expect(restsUntil(thrice, 2)).toBe(26);
    expect(restsUntil(thrice, 26)).toBeUndefined();
    expect(restsUntil([...crash(0), ...crash(1), ...crash(25)], 25)).toBeUndefined();
  });

  test('opens again at once when its one try crashes, however late that is', () => {
    expect(restsUntil([...thrice, ...crash(27)], 27)).toBe(51);
    expect(restsUntil([...thrice, ...crash(27), ...crash(52)], 52)).toBe(76);
    expect(restsUntil([...thrice, ...crash(900)], 900)).toBe(924);
  });

  test('closes when its one try is answered, and counts anew', () => {
    const answered = [...thrice, ...answer(27)];
    expect(restsUntil([...answered, ...crash(28), ...crash(29)], 29)).toBeUndefined();
    expect(restsUntil([...answered, ...crash(28), ...crash(29), ...crash(30)], 30)).toBe(54);
  });

  test('counts crashes with answers in between: every second run that hangs is too many', () => {
    const dated = [...crash(0), ...answer(1), ...crash(2), ...answer(3), ...crash(4)];
    expect(restsUntil(dated, 4)).toBe(28);
  });

  test('does not take a try that was cancelled for an answer', () => {
    const cancelled = endsAt(27, { kind: 'cancelled', code: 'OPERATOR' });
    expect(restsUntil([...thrice, ...cancelled, ...crash(28)], 28)).toBe(52);
  });

  test('is still open after a hundred tries that crashed, and closed by one answer', () => {
    const tries = Array.from({ length: 100 }, (_, n) => crash(27 + n * 25)).flat();
    const lastH = 27 + 99 * 25;
    expect(restsUntil([...thrice, ...tries], lastH)).toBe(lastH + 24);
    const answered = [...thrice, ...tries, ...answer(lastH + 25), ...crash(lastH + 26)];
    expect(restsUntil(answered, lastH + 26)).toBeUndefined();
  });

  test('a clock that was set back takes the rest with it', () => {
    expect(restsUntil(thrice, 2 - DAY_MS / HOUR_MS)).toBeUndefined();
  });
});
