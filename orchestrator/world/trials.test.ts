// What is nobody's failure is waited for, longer each time.

import { expect, test } from '@jest/globals';
import type { ReasonCode } from '../../conditions/reason.js';
import type { Outcome } from '../runs/run.js';
import { defaultPolicy } from '../policy/policy.js';
import {
  admitted,
  at,
  enabled,
  failure,
  finished,
  found,
  perform,
  started,
  submitted,
  updateOf,
  UPDATER,
  worldOf,
} from './history.testing.js';
import { updateKey, type Trials } from './world.js';

const { retry } = defaultPolicy;
const scan = { kind: 'scan' } as const;

function trialsAfter(...outcomes: Outcome[]): Trials | undefined {
  const update = updateOf('a', { nextAction: 'install' });
  const ends = outcomes.flatMap((outcome) => [
    admitted('r', perform(update)),
    finished('r', outcome),
  ]);
  const world = worldOf(at(0, submitted(), enabled(), found([update]), ...ends));
  return world.updates.get(updateKey(UPDATER, 'a'))?.trials;
}

test.each<[string, ReasonCode, number[]]>([
  ['a lock that somebody else holds, which keeps no floor', 'LOCK_HELD', [1, 2, 4]],
  ['a network that somebody pays for', 'METERED', [240, 240, 240]],
  ['a disk that others have filled', 'NO_SPACE', [240, 240, 240]],
])(
  "a scan waits for %s, longer each time, and it is nobody's failure",
  (_what, code, halfMinutes) => {
    const manifest = { scan: { sla_h: 22, floor_h: 2 } };
    const busy = [admitted('r', scan), started('r'), finished('r', failure(code))];
    const after = (count: number) => {
      const facts = [submitted(UPDATER, manifest), enabled(), ...times(count, busy).flat()];
      return worldOf(at(0, ...facts)).updaters.get(UPDATER)?.scanTrials;
    };
    const waits = [1, 2, 3].map((count) => after(count)?.notBeforeMs ?? Number.NaN);
    expect(waits.map((ms) => Math.round(ms / 30_000))).toEqual(halfMinutes);
    expect(after(3)?.failureCount).toBe(0);
  },
);

test.each<ReasonCode>(['LOCK_HELD', 'RUN_PENDING', 'NO_SPACE', 'METERED'])(
  '%s is waited for, twice as long each time up to a bound, however often',
  (code) => {
    const busy = failure(code);
    const after = (count: number) => trialsAfter(...times(count, busy));
    const waits = [1, 2, 3].map((count) => after(count)?.notBeforeMs ?? Number.NaN);
    expect(waits.map((ms) => Math.round(ms / 30_000))).toEqual([1, 2, 4]);
    expect(after(40)?.notBeforeMs).toBeLessThanOrEqual(retry.maxMs * 1.1);
    expect(after(40)?.failureCount).toBe(0);
    const then = trialsAfter(busy, busy, failure('APPLY_FAILED'), busy);
    expect(Math.round((then?.notBeforeMs ?? Number.NaN) / 30_000)).toBe(1);
  },
);

function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}
