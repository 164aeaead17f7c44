// What a "no" of the scheduler carries besides its words: what was measured, the limit, the unit, since when
// and until when. Those of the gates are in conditions/evidence.test.ts.

import { describe, expect, test } from '@jest/globals';
import { withReadings, type Signal, type Value } from '../../conditions/reading.js';
import type { Reason, ReasonCode } from '../../conditions/reason.js';
import type { Fact } from '../journal/fact.js';
import type { Policy } from '../policy/policy.js';
import type { Update } from '../runs/update.js';
import {
  admitted,
  at,
  enabled,
  failure,
  finished,
  found,
  NOW_MS,
  paused,
  perform,
  reading,
  started,
  submitted,
  thawed,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
  type Dated,
} from '../world/history.testing.js';
import { decide } from './decide.js';
import type { HostView } from './host-view.js';
import { HOUR_MS, hostWith, offering, OTHER } from './offering.testing.js';
import type { Plan } from './plan.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * HOUR_MS;
const actor = 'operator';
const install = { nextAction: 'install' } as const;
const number = (value: number): Value => ({ kind: 'number', number: value });

interface Situation {
  readonly update?: Partial<Update>;
  readonly more?: readonly Dated[];
  readonly readings?: Partial<Record<Signal, Value>>;
  readonly host?: Partial<HostView>;
  readonly policy?: Partial<Policy>;
}

function planIn({ update, more = [], readings, host, policy }: Situation): Plan {
  const world = worldOf([...offering([updateOf('a', update)]), ...more]);
  const view = { ...hostWith(readings), ...host };
  return decide(world, view, { ...trustingPolicy, ...policy }, NOW_MS);
}

/** Of what waits, the first updater's, and of what stands still. */
function reasonsIn(plan: Plan, key = `${UPDATER} a`): readonly Reason[] {
  const waits = plan.waiting.filter(({ subject }) => subject.key === key);
  return [...waits, ...plan.stop, ...plan.paused].flatMap(({ reasons }) => reasons);
}

/** The same update, of an updater that has a section which cannot be frozen. */
const sectioned = [
  submitted(UPDATER, { critical_max_s: 180, actions: ['install'] }),
  enabled(),
  admitted('s', { kind: 'scan' }),
  finished('s', { kind: 'succeeded' }),
  found([updateOf('a', install)]),
];
const ended = (id: string, minutesAgo: number, code: ReasonCode = 'TIME_LIMIT'): Dated[] =>
  at(
    NOW_MS - minutesAgo * MINUTE_MS,
    admitted(id, perform(updateOf('a', install)), { attempt: 9 }),
    started(id),
    finished(id, failure(code)),
  );
const run = [admitted('r', perform(updateOf('a'))), started('r')];
const ring = { name: 'first', percent: 0, soakMs: 3 * HOUR_MS };
const rollout = { updaterId: UPDATER, updateId: 'a', toVersion: '2.0.0' };
const rolledOut = at(NOW_MS - HOUR_MS, { kind: 'rollout.started', ...rollout });
const failedOn = (hostId: string): Fact => ({
  ...{ kind: 'rollout.failed', ...rollout, hostId, ring: 'first', why: 'w' },
});
const tills = { name: 'tills', hosts: ['host-*'], atOnceMax: 1 };

const rows: [code: ReasonCode, Situation, Partial<Reason>][] = [
  [
    'STARTING_UP',
    { host: { servedSinceMs: NOW_MS - MINUTE_MS } },
    {
      ...{ about: 'lull', measured: MINUTE_MS, limit: 5 * MINUTE_MS, unit: 'ms' },
      ...{ sinceMs: NOW_MS - MINUTE_MS, untilMs: NOW_MS + 4 * MINUTE_MS },
      message: 'Lull started 60 s ago and waits 5 min',
    },
  ],
  ['CONFINEMENT_WEAK', { host: { level: 'loose' } }, { measured: 'loose', limit: 'confined' }],
  [
    'BREAKER_OPEN',
    { more: [...ended('1', 50), ...ended('2', 30), ...ended('3', 10)] },
    {
      ...{ measured: 10 * MINUTE_MS, limit: DAY_MS, unit: 'ms' },
      ...{ sinceMs: NOW_MS - 10 * MINUTE_MS, untilMs: NOW_MS - 10 * MINUTE_MS + DAY_MS },
      message: `${UPDATER} crashed or hung 3 times within 40 min`,
    },
  ],
  [
    'BREAKER_OPEN',
    {
      policy: { breaker: { failuresMax: 2, windowMs: HOUR_MS, pauseMs: HOUR_MS } },
      more: [...ended('1', 110), ...ended('2', 100), ...ended('3', 5)],
    },
    {
      ...{ measured: 5 * MINUTE_MS, limit: HOUR_MS, sinceMs: NOW_MS - 5 * MINUTE_MS },
      message: `${UPDATER} crashed or hung again at its one try`,
    },
  ],
  [
    'QUOTA',
    {
      policy: { runsPerMinuteMax: 2 },
      more: [1, 2]
        .flatMap((n) =>
          at(
            NOW_MS - n * 10_000,
            admitted(String(n), perform(updateOf('a'))),
            finished(String(n), { kind: 'more_to_do', nextAction: 'download' }),
          ),
        )
        .sort(([a], [b]) => a - b),
    },
    {
      ...{ measured: 2, limit: 2, unit: 'count' },
      ...{ sinceMs: NOW_MS - 10_000, untilMs: NOW_MS + 40_000 },
    },
  ],
  [
    'RETRY_LATER',
    { update: install, more: ended('1', 10, 'APPLY_FAILED') },
    {
      ...{ measured: 10 * MINUTE_MS, limit: 30 * MINUTE_MS, unit: 'ms' },
      ...{ sinceMs: NOW_MS - 10 * MINUTE_MS, untilMs: NOW_MS + 20 * MINUTE_MS },
      message: 'attempt 2 after APPLY_FAILED (it said why) waits another 20 min',
    },
  ],
  [
    'TRIPPED',
    { more: at(NOW_MS - 9, { kind: 'switch.tripped', why: 'w', untilMs: NOW_MS + 7, actor }) },
    { sinceMs: NOW_MS - 9, untilMs: NOW_MS + 7, message: 'the trip switch is on: w' },
  ],
  [
    'VETOED',
    {
      more: at(NOW_MS - 9, {
        ...{ kind: 'veto.placed', vetoId: 'v', owner: 'o', why: 'w', untilMs: NOW_MS + 7 },
      }),
    },
    { about: 'v', sinceMs: NOW_MS - 9, untilMs: NOW_MS + 7, message: 'o objects (v): w' },
  ],
  [
    'HELD',
    {
      more: at(NOW_MS - 9, {
        ...{ kind: 'hold.placed', updaterId: UPDATER, updateId: '', why: 'w' },
        ...{ untilMs: NOW_MS + 7, actor },
      }),
    },
    { about: UPDATER, sinceMs: NOW_MS - 9, untilMs: NOW_MS + 7 },
  ],
  [
    'HELD',
    {
      policy: { holds: [{ updater: 'com.acme.*', update: 'a', why: 'w', untilMs: NOW_MS + 7 }] },
    },
    { about: 'policy com.acme.*', untilMs: NOW_MS + 7 },
  ],
  [
    'SLOT_TAKEN',
    {
      update: install,
      more: at(
        NOW_MS - 9,
        found([updateOf('b', install)], OTHER),
        admitted('q', perform(updateOf('b', install)), { updaterId: OTHER }),
      ),
    },
    {
      ...{ about: 'q', measured: 1, limit: 1, unit: 'count' },
      message: 'install b (q) has the slot',
    },
  ],
  [
    'GROUP_FULL',
    {
      update: install,
      policy: { groups: [tills] },
      host: {
        places: new Map([
          ['tills', { kind: 'refused', max: 1, holders: [{ id: 'till-2', sinceMs: 0 }] }],
        ]),
      },
    },
    { about: 'tills', measured: 1, limit: 1, unit: 'count' },
  ],
  [
    'RING_WAITS',
    {
      update: install,
      policy: { rollout: { rings: [ring], failuresMax: 2 } },
      more: rolledOut,
    },
    {
      ...{ about: 'rest', measured: HOUR_MS, limit: 3 * HOUR_MS, unit: 'ms' },
      ...{ sinceMs: NOW_MS - HOUR_MS, untilMs: NOW_MS + 2 * HOUR_MS },
    },
  ],
  [
    'ROLLOUT_STOPPED',
    {
      update: install,
      policy: { rollout: { rings: [ring], failuresMax: 2 } },
      more: [...rolledOut, ...at(NOW_MS - 9, failedOn('h1'), failedOn('h2'))],
    },
    { measured: 2, limit: 2, unit: 'count' },
  ],
  [
    'OUTSIDE_WINDOW',
    {
      policy: {
        windows: [{ days: ['mon', 'tue'], fromMinute: 90, toMinute: 180 }],
      },
    },
    {
      ...{ measured: 'sun 17:46', limit: 'mon,tue 01:30-03:00' },
      untilMs: Math.floor(NOW_MS / MINUTE_MS) * MINUTE_MS + (7 * 60 + 44) * MINUTE_MS,
    },
  ],
  [
    'JOURNAL_QUOTA',
    { host: { overQuota: { updaters: new Map([[UPDATER, NOW_MS + 7]]) } } },
    { about: UPDATER, untilMs: NOW_MS + 7 },
  ],
  [
    'NEEDS_OPERATOR',
    { update: { nextAction: 'reboot' }, readings: { 'boot.at': number(NOW_MS - DAY_MS) } },
    { sinceMs: NOW_MS - HOUR_MS },
  ],
];

test.each(rows)('%s says what was measured', (code, situation, evidence) => {
  const mine = reasonsIn(planIn(situation)).filter((reason) => reason.code === code);
  expect(mine).toEqual([expect.objectContaining(evidence)]);
});

test('a machine that is still being tried says what it has to come to, and one that is gone only that', () => {
  const tried = { ...hostWith(), level: undefined };
  const codesOf = (host: HostView) =>
    reasonsIn(decide(worldOf(offering([updateOf('a')])), host, trustingPolicy, NOW_MS));
  expect(codesOf(tried)).toMatchObject([{ code: 'CONFINEMENT_UNKNOWN', limit: 'confined' }]);
  expect(codesOf({ ...tried, attached: false })).toMatchObject([{ code: 'HOST_NOT_ATTACHED' }]);
});

test('a scan that is not due says when it was, when it will be, and how long that is', () => {
  const reasons = reasonsIn(planIn({}), OTHER).filter(({ code }) => code === 'SCAN_NOT_DUE');
  const limit = Number(reasons[0]?.limit);
  expect(reasons).toMatchObject([
    {
      ...{ code: 'SCAN_NOT_DUE', measured: HOUR_MS, unit: 'ms' },
      ...{ sinceMs: NOW_MS - HOUR_MS, untilMs: NOW_MS - HOUR_MS + limit },
      message: expect.stringMatching(/^scanned 60 min ago, next in (?:19|20) h$/),
    },
  ]);
  expect(limit).toBeGreaterThan(19.7 * HOUR_MS);
});

describe('a quiet that is too short', () => {
  const awayMs = 10 * MINUTE_MS;
  const presence: Value = {
    kind: 'presence',
    presence: { kind: 'away', sinceMs: NOW_MS - awayMs },
  };
  const host = {
    ...hostWith({ presence }),
    readings: withReadings(hostWith({ presence }).readings, [
      { ...reading('power.ac', { kind: 'flag', flag: true }), observedAtMs: NOW_MS - HOUR_MS },
    ]),
  };
  const quietAt = (nowMs: number): readonly Reason[] => {
    const world = worldOf([...offering([]), ...at(NOW_MS - 1_000, ...sectioned)]);
    const { waiting } = decide(world, host, trustingPolicy, nowMs);
    const mine = waiting.filter(({ subject }) => subject.key === `${UPDATER} a`);
    return mine.flatMap(({ reasons }) => reasons.filter(({ code }) => code === 'QUIET_TOO_SHORT'));
  };

  test('says how likely it is to last, how likely it has to be, and since when it is quiet', () => {
    const [reason] = quietAt(NOW_MS);
    expect(reason).toMatchObject({ limit: 92, unit: '%', sinceMs: NOW_MS - awayMs });
    const measured = Number(reason?.measured);
    expect(measured).toBeGreaterThan(80);
    expect(measured).toBeLessThan(92);
    expect(reason?.message).toBe(
      `after 10 min the chance of 3 min more of quiet is ${measured.toFixed(0)} %, 92 % are wanted`,
    );
  });

  test('is long enough from the instant on that it names, and not before', () => {
    const untilMs = quietAt(NOW_MS)[0]?.untilMs ?? Number.NaN;
    expect(untilMs).toBeGreaterThan(NOW_MS);
    expect(quietAt(untilMs - 1)).toHaveLength(1);
    expect(quietAt(untilMs)).toEqual([]);
  });
});

describe('a run that stands still', () => {
  const stood = (...facts: Dated[]) =>
    planIn({ more: [...at(NOW_MS - HOUR_MS, ...run), ...facts] }).paused.flatMap(
      ({ reasons }) => reasons,
    );

  test('and was told to go on says when it is told again', () => {
    const told = [
      ...at(NOW_MS - MINUTE_MS, paused('r', 'X')),
      ...at(NOW_MS - 500, { kind: 'run.resumed', runId: 'r' }),
    ];
    expect(stood(...told)).toMatchObject([
      {
        ...{ code: 'RETRY_LATER', about: 'permission', measured: 500, limit: 2_000, unit: 'ms' },
        ...{ sinceMs: NOW_MS - 500, untilMs: NOW_MS + 1_500 },
      },
    ]);
  });

  test('and went on a moment ago says when it may again', () => {
    const went = [
      ...at(NOW_MS - 10 * MINUTE_MS, paused('r', 'X')),
      ...at(NOW_MS - 20_000, { kind: 'run.resumed', runId: 'r' }, thawed('r')),
      ...at(NOW_MS - 1_000, paused('r', 'X')),
    ];
    expect(stood(...went)).toMatchObject([
      {
        ...{ code: 'RETRY_LATER', measured: 20_000, limit: MINUTE_MS, unit: 'ms' },
        ...{ sinceMs: NOW_MS - 20_000, untilMs: NOW_MS + 40_000 },
      },
    ]);
  });

  test('and may be felt more by now says at which level it was, and at which it may be', () => {
    const plan = planIn({
      policy: { intrusion: { normal: 'gentle', due: 'gentle', overdue: 'gentle' } },
      more: at(NOW_MS - HOUR_MS, ...run, paused('r', 'X')),
    });
    expect(plan.stop).toMatchObject([
      { reason: { code: 'SUPERSEDED', measured: 'silent', limit: 'gentle' } },
    ]);
  });
});
