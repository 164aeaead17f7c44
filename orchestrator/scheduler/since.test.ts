import { describe, expect, test } from '@jest/globals';
import type { ReasonCode } from '../../conditions/reason.js';
import type { Readings } from '../../conditions/reading.js';
import type { Fact } from '../journal/fact.js';
import {
  admitted,
  at,
  engaged,
  failure,
  finished,
  found,
  NOW_MS,
  paused,
  perform,
  started,
  submitted,
  trustingPolicy,
  UPDATER,
  updateOf,
  worldOf,
  type Dated,
} from '../world/history.testing.js';
import { decide } from './decide.js';
import { hostWith, offering } from './offering.testing.js';
import type { Plan } from './plan.js';
import { dated } from './since.js';

const a = updateOf('a');
const suspended = {
  kind: 'updater.suspended',
  id: UPDATER,
  code: 'OPERATOR',
  why: 'w',
  actor: 'operator',
} as const;

function sinceOf(plan: Plan, code: string): number | undefined {
  const waiting = plan.waiting.find(({ subject }) => subject.key === `${UPDATER} a`);
  return waiting?.reasons.find((reason) => reason.code === code)?.sinceMs;
}

describe('since when a reason stands', () => {
  const busy = { 'cpu.busy': { kind: 'number', number: 90 } } as const;
  const planAt = (nowMs: number, before?: Plan, changes: Parameters<typeof hostWith>[0] = busy) =>
    dated(decide(worldOf(offering([a])), hostWith(changes), trustingPolicy, nowMs), before, nowMs);

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
    const dates = dated(decide(world, hostWith(), trustingPolicy, NOW_MS), undefined, NOW_MS);
    expect(sinceOf(dates, 'HELD')).toBe(NOW_MS - 500);
  });

  test('is kept apart for each thing that one code may be about', () => {
    const cpu = { 'pressure.cpu': { kind: 'number', number: 90 } } as const;
    const io = { 'pressure.io': { kind: 'number', number: 90 } } as const;
    const first = planAt(NOW_MS, undefined, cpu);
    const second = planAt(NOW_MS + 1_000, first, { ...cpu, ...io });
    const third = planAt(NOW_MS + 2_000, second, io);
    const instants = (plan: Plan) =>
      plan.waiting
        .find(({ subject }) => subject.key === `${UPDATER} a`)
        ?.reasons.map(({ about, sinceMs = 0 }) => [about, sinceMs - NOW_MS]);
    expect(instants(second)).toEqual([
      ['pressure.cpu', 0],
      ['pressure.io', 1_000],
    ]);
    expect(instants(third)).toEqual([['pressure.io', 1_000]]);
  });

  test('is kept from the turn that pauses a run to those in which it stands still', () => {
    const unplugged = { 'power.ac': { kind: 'flag', flag: false } } as const;
    const low = { ...unplugged, 'power.battery': { kind: 'number', number: 2 } } as const;
    const run = [admitted('r', perform(a)), started('r')];
    const at1 = decide(worldOf(offering([a], ...run)), hostWith(low), trustingPolicy, NOW_MS);
    const first = dated(at1, undefined, NOW_MS);
    const still = worldOf(offering([a], ...run, paused('r', 'BATTERY_LOW')));
    const later = NOW_MS + 60_000;
    const second = dated(decide(still, hostWith(low), trustingPolicy, later), first, later);
    expect(first.pause[0]?.reasons).toMatchObject([{ code: 'BATTERY_LOW', sinceMs: NOW_MS }]);
    expect(second.paused[0]?.reasons).toMatchObject([{ code: 'BATTERY_LOW', sinceMs: NOW_MS }]);
  });

  describe('outlives a restart of the orchestrator, where the journal or the sensors know it', () => {
    const DAY_MS = 86_400_000;
    const long = NOW_MS - DAY_MS;
    const since = (dates: Dated[], changes: Parameters<typeof hostWith>[0], code: string) => {
      const plan = decide(worldOf(dates), hostWith(changes), trustingPolicy, NOW_MS);
      const reasons = dated(plan, undefined, NOW_MS).waiting.flatMap((each) => each.reasons);
      return reasons.find((reason) => reason.code === code)?.sinceMs;
    };

    test.each<[ReasonCode, Fact[]]>([
      ['UPDATER_NOT_ENABLED', [submitted('com.acme.new')]],
      ['UPDATER_SUSPENDED', [suspended]],
      ['GAVE_UP', [admitted('r', perform(a)), finished('r', failure('APPLY_FAILED', false))]],
      ['RETRY_LATER', [admitted('r', perform(a)), finished('r', failure('UPSTREAM_DOWN'))]],
      ['NEEDS_OPERATOR', [found([updateOf('a', { nextAction: 'reboot' })])]],
    ])('%s', (code, facts) => {
      const young = code === 'RETRY_LATER' ? NOW_MS - 10_000 : long;
      expect(since([...offering([a]), ...at(young, ...facts)], {}, code)).toBe(young);
    });

    test('SCAN_NOT_DUE stands since the last scan', () => {
      expect(since(offering([a]), {}, 'SCAN_NOT_DUE')).toBe(NOW_MS - 3_600_000);
    });

    test.each<[string, Parameters<typeof hostWith>[0]]>([
      ['TOO_HOT', { thermal: { kind: 'word', word: 'critical' } }],
      ['POWER_SAVER', { 'power.saver': { kind: 'flag', flag: true } }],
      ['ATTENTION_HELD', { 'attention.call': { kind: 'flag', flag: true } }],
      ['OFFLINE', { 'network.connectivity': { kind: 'word', word: 'none' } }],
    ])('%s stands since its reading says so', (code, changes) => {
      const { readings } = hostWith(changes);
      const signal = Object.keys(changes ?? {})[0] ?? '';
      expect(since(offering([a]), changes, code)).toBe(readings.get(signal)?.observedAtMs);
    });
  });
});
