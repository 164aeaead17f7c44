import { describe, expect, test } from '@jest/globals';
import type { Readings } from '../../conditions/reading.js';
import { defaultPolicy } from '../policy/policy.js';
import { at, engaged, NOW_MS, UPDATER, updateOf, worldOf } from '../world/history.testing.js';
import { decide, type Plan } from './decide.js';
import { hostWith, offering } from './offering.testing.js';
import { dated } from './since.js';

const a = updateOf('a');

function sinceOf(plan: Plan, code: string): number | undefined {
  const waiting = plan.waiting.find(({ subject }) => subject.key === `${UPDATER} a`);
  return waiting?.reasons.find((reason) => reason.code === code)?.sinceMs;
}

describe('since when a reason stands', () => {
  const busy = { 'cpu.busy': { kind: 'number', number: 90 } } as const;
  const planAt = (nowMs: number, before?: Plan, changes: Parameters<typeof hostWith>[0] = busy) =>
    dated(decide(worldOf(offering([a])), hostWith(changes), defaultPolicy, nowMs), before, nowMs);

  test('is the first plan that had it, for as long as it stays', () => {
    const first = planAt(NOW_MS);
    const second = planAt(NOW_MS + 1_000, first);
    const third = planAt(NOW_MS + 5_000, second);
    expect([first, second, third].map((plan) => sinceOf(plan, 'CPU_BUSY'))).toEqual([
      NOW_MS,
      NOW_MS,
      NOW_MS,
    ]);
  });

  test('begins anew when it was gone in between', () => {
    const first = planAt(NOW_MS);
    const calm = planAt(NOW_MS + 1_000, first, {});
    const again = planAt(NOW_MS + 2_000, calm);
    expect(sinceOf(again, 'CPU_BUSY')).toBe(NOW_MS + 2_000);
  });

  test('is what the sensor or the order says, where they say it', () => {
    const readings: Readings = hostWith({ presence: engaged }).readings;
    const engagedAtMs = readings.get('presence')?.observedAtMs;
    const plan = planAt(NOW_MS + 60_000, undefined, { presence: engaged });
    expect(sinceOf(plan, 'PERSON_PRESENT')).toBe(engagedAtMs);
    const held = {
      kind: 'hold.placed',
      updaterId: UPDATER,
      updateId: 'a',
      why: 'not today',
      untilMs: NOW_MS + 9_000,
      actor: 'operator',
    } as const;
    const world = worldOf([...offering([a]), ...at(NOW_MS - 500, held)]);
    const dates = dated(decide(world, hostWith(), defaultPolicy, NOW_MS), undefined, NOW_MS);
    expect(sinceOf(dates, 'HELD')).toBe(NOW_MS - 500);
  });
});
