// What people say, and what keeps an updater from harm: holds, vetoes, the trip switch, run-now, the
// breaker, windows and slots, as `decide` answers them.

import { describe, expect, test } from '@jest/globals';
import { readingKey, withReadings } from '../../conditions/reading.js';
import type { ReasonCode } from '../../conditions/reason.js';
import type { Fact } from '../journal/fact.js';
import type { Policy } from '../policy/policy.js';
import type { Update } from '../runs/update.js';
import {
  admitted,
  at,
  awaySince,
  enabled,
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
  updateOf,
  UPDATER,
  worldOf,
  type Dated,
} from '../world/history.testing.js';
import { days } from '../policy/window.js';
import type { Intrusion } from '../runs/intrusion.js';
import { decide } from './decide.js';
import { hostWith, HOUR_MS, offering, OTHER } from './offering.testing.js';

const actor = 'operator';
const untilMs = NOW_MS + HOUR_MS;
const held: Fact = {
  kind: 'hold.placed',
  updaterId: UPDATER,
  updateId: 'a',
  why: 'not now',
  untilMs,
  actor,
};
const vetoed: Fact = { kind: 'veto.placed', vetoId: 'v1', owner: 'till 3', why: 'open', untilMs };
const tripped: Fact = { kind: 'switch.tripped', why: 'storm', untilMs, actor };
const wanted: Fact = { kind: 'run.demanded', updaterId: UPDATER, updateId: 'a', actor };

const big = {
  'cpu.cores': { kind: 'number', number: 8 },
  'disk.rotating': { kind: 'flag', flag: false },
} as const;

function codesFor(dated: Dated[], host = hostWith(), policy = trustingPolicy): ReasonCode[] {
  const { waiting } = decide(worldOf(dated), host, policy, NOW_MS);
  const mine = waiting.find(({ subject }) => subject.state?.update.id === 'a');
  return mine?.reasons.map(({ code }) => code) ?? [];
}

const a = updateOf('a');

describe('what people say', () => {
  test.each<[ReasonCode, Fact, Fact]>([
    ['HELD', held, { kind: 'hold.lifted', updaterId: UPDATER, updateId: 'a', actor }],
    ['VETOED', vetoed, { kind: 'veto.lifted', vetoId: 'v1', actor }],
    ['TRIPPED', tripped, { kind: 'switch.released', actor }],
  ])('%s holds until it is lifted, or its time has come', (code, placed, lifted) => {
    expect(codesFor(offering([a], placed))).toEqual([code]);
    expect(codesFor(offering([a], placed, lifted))).toEqual([]);
    const later = decide(worldOf(offering([a], placed)), hostWith(), trustingPolicy, untilMs);
    expect(later.admit).toHaveLength(1);
  });

  test('a hold on the updater holds all that is its own, and nothing of others', () => {
    const all: Fact = { ...held, updateId: '' };
    expect(codesFor(offering([a], all))).toEqual(['HELD']);
    const { admit } = decide(
      worldOf([...offering([a], all), ...at(NOW_MS - 1, found([updateOf('b')], OTHER))]),
      hostWith(),
      trustingPolicy,
      NOW_MS,
    );
    expect(admit.map(({ subject }) => subject.work)).toMatchObject([{ update: { id: 'b' } }]);
  });

  test.each([held, vetoed, tripped])('what runs is stopped: $kind', (fact) => {
    const run = admitted('r', perform(a));
    const plan = decide(worldOf(offering([a], run, fact)), hostWith(), trustingPolicy, NOW_MS);
    expect(plan.stop).toMatchObject([{ run: { id: 'r' } }]);
  });
});

describe('run-now', () => {
  const uncomfortable = hostWith({
    presence: engaged,
    'cpu.busy': { kind: 'number', number: 99 },
    'attention.call': { kind: 'flag', flag: true },
    'power.ac': { kind: 'flag', flag: false },
  });

  test('does not ask for comfort', () => {
    expect(codesFor(offering([a]), uncomfortable)).not.toEqual([]);
    expect(codesFor(offering([a], wanted), uncomfortable)).toEqual([]);
  });

  test('asks for trust, space, the battery and what people said', () => {
    const poor = hostWith({
      'power.ac': { kind: 'flag', flag: false },
      'power.battery': { kind: 'number', number: 5 },
      'disk.free': { kind: 'number', number: 1 },
    });
    const suspended: Fact = {
      kind: 'updater.suspended',
      id: UPDATER,
      code: 'OPERATOR',
      why: 'x',
      actor,
    };
    expect(codesFor(offering([a], wanted, held, suspended), poor)).toEqual([
      'UPDATER_SUSPENDED',
      'HELD',
      'BATTERY_LOW',
      'NO_SPACE',
    ]);
  });

  test('takes a paused run up at once, under its id and with a weaker guard', () => {
    const run = [admitted('r', perform(a)), paused('r', 'PERSON_PRESENT'), wanted];
    const plan = decide(worldOf(offering([a], ...run)), uncomfortable, trustingPolicy, NOW_MS);
    expect(plan.stop).toMatchObject([{ run: { id: 'r' }, reason: { code: 'SUPERSEDED' } }]);
    const cut = finished('r', { kind: 'cancelled', code: 'SUPERSEDED' });
    const next = decide(worldOf(offering([a], ...run, cut)), uncomfortable, trustingPolicy, NOW_MS);
    expect(next.admit).toMatchObject([
      { runId: 'r', attempt: 2, guard: [{ kind: 'battery-above', percent: 10 }] },
    ]);
  });
});

describe('what stands in the policy file', () => {
  const hold = { updater: 'com.acme.*', why: 'storm', untilMs: NOW_MS + HOUR_MS };

  test.each([
    ['everything of a vendor', hold, ['HELD']],
    ['one update', { ...hold, updater: UPDATER, update: 'a' }, ['HELD']],
    ['another update', { ...hold, updater: UPDATER, update: 'b' }, []],
    ['another vendor', { ...hold, updater: 'com.acmeevil.*' }, []],
    ['what has ended', { ...hold, untilMs: NOW_MS }, []],
  ])('holds back %s', (_what, each, codes) => {
    const policy: Policy = { ...trustingPolicy, holds: [each] };
    expect(codesFor(offering([a]), hostWith(), policy)).toEqual(codes);
  });

  test('stops what is on when it comes to hold it', () => {
    const policy: Policy = { ...trustingPolicy, holds: [hold] };
    const run = [admitted('r', perform(a)), started('r')];
    const { stop } = decide(worldOf(offering([a], ...run)), hostWith(), policy, NOW_MS);
    expect(stop.map(({ reason }) => reason.code)).toEqual(['HELD']);
  });

  test('lets so many machines of a group change something at once', () => {
    const install = updateOf('a', { nextAction: 'install' });
    const elsewhere = (hostId: string) =>
      admitted(`r-${hostId}`, perform(updateOf('b', { nextAction: 'install' })), {
        updaterId: OTHER,
        hostId,
      });
    const groups = [{ name: 'all', hosts: ['host-*'], atOnceMax: 2 }];
    const policy: Policy = {
      ...trustingPolicy,
      groups,
      slots: { ...trustingPolicy.slots, small: 9, change: 9 },
    };
    const one = offering([install], elsewhere('host-2'), elsewhere('printer'));
    expect(codesFor(one, hostWith(), policy)).toEqual([]);
    const two = offering([install], elsewhere('host-2'), elsewhere('host-3'));
    expect(codesFor(two, hostWith(), policy)).toEqual(['GROUP_FULL']);
    expect(
      codesFor(offering([a], elsewhere('host-2'), elsewhere('host-3')), hostWith(), policy),
    ).toEqual([]);
  });
});

describe('a clock that was set back by a day', () => {
  const DAY_MS = 24 * HOUR_MS;
  const failed = [admitted('f', perform(a)), finished('f', failure('UPSTREAM_DOWN'))];
  const codesAt = (nowMs: number, ...facts: Fact[]): ReasonCode[] =>
    decide(worldOf(offering([a], ...facts)), hostWith(), trustingPolicy, nowMs)
      .waiting.flatMap(({ reasons }) => reasons.map(({ code }) => code))
      .filter((code) => code !== 'SLOT_TAKEN' && code !== 'CONFLICT');

  test('takes the wait after a failure with it, instead of making it a day longer', () => {
    expect(codesAt(NOW_MS - 50_000, ...failed)).toContain('RETRY_LATER');
    expect(codesAt(NOW_MS - DAY_MS, ...failed)).not.toContain('RETRY_LATER');
  });

  test('makes a scan due, rather than putting it off until the clock is back where it was', () => {
    expect(codesAt(NOW_MS)).toContain('SCAN_NOT_DUE');
    expect(codesAt(NOW_MS - DAY_MS)).not.toContain('SCAN_NOT_DUE');
  });

  test('ends what somebody wanted now: nobody knows how long ago that was', () => {
    const levels = (nowMs: number): string[] =>
      decide(worldOf(offering([a], wanted)), hostWith(), trustingPolicy, nowMs).admit.map(
        ({ subject }) => subject.level,
      );
    expect(levels(NOW_MS)).toContain('forced');
    expect(levels(NOW_MS - DAY_MS)).not.toContain('forced');
  });
});

describe('what keeps harm small', () => {
  const crash = (id: string): Fact[] => [
    admitted(id, perform(a), { attempt: 9 }),
    finished(id, failure('TIME_LIMIT')),
  ];

  test('three crashes or timeouts within a day give the updater a rest, then one try', () => {
    const dated = offering([a], ...crash('r1'), ...crash('r2'), ...crash('r3'));
    const rests = decide(worldOf(dated), hostWith(), trustingPolicy, NOW_MS + HOUR_MS)
      .waiting.flatMap(({ reasons }) => reasons)
      .find(({ code }) => code === 'BREAKER_OPEN');
    expect(rests).toMatchObject({ limit: 24 * HOUR_MS, unit: 'ms' });
    const { measured = NaN, sinceMs = NaN } = rests ?? {};
    expect(Number(measured) + sinceMs).toBe(NOW_MS + HOUR_MS);
    const later = NOW_MS + 24 * HOUR_MS;
    const plan = decide(worldOf(dated), hostWith(), trustingPolicy, later);
    const codes = plan.waiting.flatMap(({ reasons }) => reasons.map(({ code }) => code));
    expect(codes).not.toContain('BREAKER_OPEN');
  });

  test('outside of its windows nothing starts, but what is overdue', () => {
    const windows = [{ days: ['mon'] as const, fromMinute: 120, toMinute: 180 }];
    const policy: Policy = { ...trustingPolicy, windows };
    expect(codesFor(offering([a]), hostWith(), policy)).toEqual(['OUTSIDE_WINDOW']);
    const closed = decide(worldOf(offering([a])), hostWith(), policy, NOW_MS);
    const [reason] = closed.waiting.flatMap(({ reasons }) => reasons.slice(0, 1));
    expect(reason).toMatchObject({ measured: 'sun 17:46', limit: 'mon 02:00-03:00' });
    expect(reason?.message).toContain(`on the clock of ${policy.timeZone}`);
    const plan = decide(worldOf(offering([a])), hostWith(), policy, NOW_MS + 30 * 24 * HOUR_MS);
    expect(plan.admit.map(({ subject }) => subject.level)).toEqual(['noticeable']);
  });

  describe('a run that is paused when its window closes', () => {
    /** Open until 18:00 UTC, some minutes after NOW_MS, and again an hour later. */
    const windows = [
      { days, fromMinute: 17 * 60, toMinute: 18 * 60 },
      { days, fromMinute: 19 * 60, toMinute: 20 * 60 },
    ];
    const policy: Policy = { ...trustingPolicy, windows };
    const late = Date.UTC(2030, 2, 17, 18, 0);
    const again = Date.UTC(2030, 2, 17, 19, 0);
    const away = (nowMs: number) => hostWith({ presence: awaySince(nowMs - HOUR_MS) });
    const run = (intrusion: Intrusion): Fact[] => [
      admitted('r', perform(a), { intrusion }),
      started('r'),
    ];
    const plan = (nowMs: number, ...facts: Fact[]) =>
      decide(worldOf(offering([a], ...facts)), away(nowMs), policy, nowMs);

    test('goes on while it is open, lets go of its slot when it closes, and comes back in the next', () => {
      const back = [...run('silent'), paused('r', 'PERSON_PRESENT')];
      expect(plan(late - 1, ...back)).toMatchObject({ resume: [{ id: 'r' }], lookAgainAtMs: late });
      const closed = plan(late, ...back);
      expect(closed).toMatchObject({
        resume: [],
        stop: [{ run: { id: 'r' }, reason: { code: 'OUTSIDE_WINDOW', untilMs: again } }],
      });
      const cut = finished('r', { kind: 'cancelled', code: 'OUTSIDE_WINDOW' });
      expect(plan(late + 1, ...back, cut)).toMatchObject({ admit: [], lookAgainAtMs: again });
      expect(plan(again, ...back, cut).admit).toMatchObject([{ runId: 'r', attempt: 2 }]);
    });

    test('keeps nobody else from running meanwhile', () => {
      const [b, old] = [updateOf('b'), NOW_MS - 30 * 24 * HOUR_MS];
      const facts = [...run('silent'), paused('r', 'PERSON_PRESENT')];
      const cut = finished('r', { kind: 'cancelled', code: 'OUTSIDE_WINDOW' });
      const world = worldOf([
        ...at(old, submitted(OTHER), enabled(OTHER), found([b], OTHER)),
        ...offering([a], ...facts, cut),
      ]);
      const { admit } = decide(world, away(late), policy, late);
      expect(admit.map(({ subject }) => subject.key)).toEqual([`${OTHER} b`]);
    });

    test('goes on where it is overdue, or was never paused', () => {
      const overdue = [...run('noticeable'), paused('r', 'ATTENTION_HELD')];
      expect(plan(late, ...overdue)).toMatchObject({ stop: [], resume: [{ id: 'r' }] });
      expect(plan(late, ...run('silent'))).toMatchObject({ stop: [], pause: [] });
    });
  });

  test.each<[string, number, ReasonCode[]]>([
    ['a minute ago', NOW_MS - 60_000, ['QUIET_TOO_SHORT']],
    ['an hour ago', NOW_MS - HOUR_MS, []],
    ['on a clock that was a day ahead', NOW_MS + 24 * HOUR_MS, []],
  ])('a section that cannot be frozen: mains that came %s', (_what, observedAtMs, codes) => {
    const manifest = { critical_max_s: 120, actions: ['download', 'install'] };
    const scan = admitted('s', { kind: 'scan' });
    const facts = [scan, finished('s', { kind: 'succeeded' })];
    const install = found([updateOf('a', { nextAction: 'install' })]);
    const dated = at(NOW_MS - 1_000, submitted(UPDATER, manifest), enabled(), ...facts, install);
    const host = hostWith();
    const mains = host.readings.get(readingKey('power.ac'));
    if (mains === undefined) throw new Error('the quiet machine is on mains');
    const readings = withReadings(host.readings, [{ ...mains, observedAtMs }]);
    expect(codesFor([...offering([]), ...dated], { ...host, readings })).toEqual(codes);
  });

  test('a section that cannot be frozen lasts no longer than its whole action is expected to', () => {
    const manifest = { critical_max_s: 120, actions: ['install'] };
    const waits = (expectedS?: number): ReasonCode[] => {
      const said = expectedS === undefined ? {} : { expectedS };
      const facts = [
        admitted('s', { kind: 'scan' }),
        finished('s', { kind: 'succeeded' }),
        found([updateOf('a', { nextAction: 'install', ...said })]),
      ];
      const dated = at(NOW_MS - 1_000, submitted(UPDATER, manifest), enabled(), ...facts);
      return codesFor([...offering([]), ...dated]);
    };
    expect([waits(), waits(900), waits(119), waits(1)]).toEqual([
      ...[['QUIET_TOO_SHORT'], ['QUIET_TOO_SHORT'], ['QUIET_TOO_SHORT']],
      [],
    ]);
  });

  test('a section that cannot be frozen waits for hours in which nobody comes back', () => {
    const manifest = { critical_max_s: 120, actions: ['download', 'install'] };
    const install = updateOf('a', { nextAction: 'install' });
    const returns: Fact[] = Array.from({ length: 168 }, (_, hourOfWeek) => ({
      kind: 'rhythm.hour',
      hourOfWeek,
      awayS: 1_800,
      returns: 30,
      ages: [[0, 450, 30]],
    }));
    const scan: Fact[] = [
      admitted('s', { kind: 'scan' }),
      finished('s', { kind: 'succeeded' }),
      found([install]),
    ];
    const facts = [submitted(UPDATER, manifest), enabled(), ...scan, ...returns];
    expect(codesFor([...offering([]), ...at(NOW_MS - 1_000, ...facts)])).toEqual([
      'QUIET_TOO_SHORT',
    ]);
    const ages = [0, 15, 30, 60, 90, 120, 180].map((fromS) => [fromS, 500, 0] as const);
    const week = returns.map((fact) => ({ ...fact, returns: 0, awayS: 3_600, ages }) as Fact);
    const calm = Array.from({ length: 12 }, () => week).flat();
    const quiet = [submitted(UPDATER, manifest), enabled(), ...scan, ...calm];
    expect(codesFor([...offering([]), ...at(NOW_MS - 1_000, ...quiet)])).toEqual([]);
  });
});

describe('side by side', () => {
  const beside = (mine: Partial<Update>, theirs: Partial<Update>): ReasonCode[] => {
    const run = admitted('r', perform(updateOf('b', theirs)), { updaterId: OTHER });
    return codesFor(offering([updateOf('a', mine)], run), hostWith(big));
  };

  test.each<[string, Partial<Update>, Partial<Update>, ReasonCode[]]>([
    ['two downloads of two updaters', {}, {}, []],
    ['an install beside a download', { nextAction: 'install' }, {}, []],
    ['two installs', { nextAction: 'install' }, { nextAction: 'install' }, ['SLOT_TAKEN']],
    ['one that is exclusive', {}, { exclusive: true }, ['CONFLICT']],
    ['two that share a key', { conflictKeys: ['k'] }, { conflictKeys: ['k'] }, ['CONFLICT']],
    ['two with keys of their own', { conflictKeys: ['k'] }, { conflictKeys: ['l'] }, []],
  ])('%s', (_what, mine, theirs, expected) => {
    expect(beside(mine, theirs)).toEqual(expected);
  });

  test('a small machine, or one that nobody knows, takes one at a time', () => {
    const run = admitted('r', perform(updateOf('b')), { updaterId: OTHER });
    const small = { ...big, 'cpu.cores': { kind: 'number', number: 2 } } as const;
    expect(codesFor(offering([a], run), hostWith(small))).toEqual(['SLOT_TAKEN']);
    expect(codesFor(offering([a], run), hostWith())).toEqual(['SLOT_TAKEN']);
  });

  test('a small machine that is given more slots still changes one thing at a time', () => {
    const install = updateOf('a', { nextAction: 'install' });
    const other = updateOf('b', { nextAction: 'install' });
    const run = admitted('r', perform(other), { updaterId: OTHER });
    const policy = { ...trustingPolicy, slots: { ...trustingPolicy.slots, small: 3 } };
    expect(codesFor(offering([install], run), hostWith(), policy)).toEqual(['SLOT_TAKEN']);
    expect(codesFor(offering([a], run), hostWith(), policy)).toEqual([]);
  });
});
