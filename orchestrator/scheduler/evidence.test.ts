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

function planIn({ update, more = [], readings, host, policy }: Situation, nowMs = NOW_MS): Plan {
  const world = worldOf([...offering([updateOf('a', update)]), ...more]);
  const view = { ...hostWith(readings), ...host };
  return decide(world, view, { ...trustingPolicy, ...policy }, nowMs);
}

/** Of what waits, the first updater's, and of what stands still. */
function reasonsIn(plan: Plan, key = `${UPDATER} a`): readonly Reason[] {
  const waits = plan.waiting.filter(({ subject }) => subject.key === key);
  return [...waits, ...plan.stop, ...plan.paused].flatMap(({ reasons }) => reasons);
}

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

const THIS_MINUTE_MS = Math.floor(NOW_MS / MINUTE_MS) * MINUTE_MS;

/** The machine woke up an hour ago, and its network is there since half a minute. */
function networkBack(): HostView['readings'] {
  const { readings } = hostWith({ 'resume.at': number(NOW_MS - HOUR_MS) });
  const back = reading('network.connectivity', { kind: 'word', word: 'full' });
  return withReadings(readings, [{ ...back, observedAtMs: NOW_MS - 30_000 }]);
}

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
      // The first seven are not counted.
      more: [9, 8, 7, 6, 5, 4, 3, 2, 1].flatMap((n) =>
        at(
          NOW_MS - n * 10_000,
          admitted(String(n), perform(updateOf('a'))),
          finished(String(n), { kind: 'more_to_do', nextAction: 'download' }),
        ),
      ),
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
    { about: `${UPDATER} a 2.0.0`, measured: 2, limit: 2, unit: 'count' },
  ],
  [
    'ROLLOUT_STOPPED',
    {
      update: install,
      policy: { rollout: { rings: [ring], failuresMax: 2 } },
      more: [
        ...rolledOut,
        ...at(NOW_MS - 9, { kind: 'rollout.stopped', ...rollout, why: 'w', actor }),
      ],
    },
    { about: `${UPDATER} a 2.0.0`, sinceMs: NOW_MS - 9, message: 'w' },
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
      untilMs: THIS_MINUTE_MS + (7 * 60 + 44) * MINUTE_MS,
      message: 'outside of the window, on the clock of UTC; opens in 7 h',
    },
  ],
  [
    'ACTIVE_HOURS',
    {
      update: { nextAction: 'reboot' },
      readings: { 'boot.at': number(NOW_MS - DAY_MS) },
      policy: { restarts: 'allow', activeHours: { fromHour: 8, toHour: 20 } },
    },
    {
      ...{ measured: 'sun 18:01', limit: '08:00-20:00' },
      // The warning may be given before.
      untilMs: THIS_MINUTE_MS + (2 * 60 + 14 - 15) * MINUTE_MS,
    },
  ],
  [
    'STARTING_UP',
    { host: { readings: networkBack() } },
    {
      ...{ about: 'network.connectivity', measured: 30_000, limit: MINUTE_MS, unit: 'ms' },
      ...{ sinceMs: NOW_MS - 30_000, untilMs: NOW_MS + 30_000 },
    },
  ],
  ['SCOPE_REFUSED', { policy: { scopes: [] } }, { measured: 'user-mode', limit: '' }],
  [
    'ACCEPTANCE_EXPIRED',
    { more: at(NOW_MS - 9, { ...enabled(), untilMs: NOW_MS - 2 } as Fact) },
    { sinceMs: NOW_MS - 2 },
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

const ending = rows.flatMap(([code, situation, { untilMs }]) =>
  untilMs === undefined ? [] : [[code, situation, untilMs] as const],
);
test.each(ending)(
  '%s stands until the instant that it names, and no longer',
  (code, situation, untilMs) => {
    const stands = (nowMs: number): boolean => {
      const reasons = reasonsIn(planIn(situation, nowMs));
      return reasons.some((reason) => reason.code === code && reason.untilMs === untilMs);
    };
    expect([untilMs - 1, untilMs].map(stands)).toEqual([true, false]);
  },
);

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

describe('a run that stands still', () => {
  const stood = (...facts: Dated[]) =>
    planIn({ more: [...at(NOW_MS - HOUR_MS, ...run), ...facts] }).paused.flatMap(
      ({ reasons }) => reasons,
    );

  test('and was told to go on says when it is told again', () => {
    const stands = at(NOW_MS - MINUTE_MS, paused('r', 'X'));
    const toldAt = (ms: number) => [...stands, ...at(ms, { kind: 'run.resumed', runId: 'r' })];
    const told = toldAt(NOW_MS - 500);
    expect(stood(...toldAt(NOW_MS))).toMatchObject([{ untilMs: NOW_MS + 2_000 }]);
    expect(stood(...toldAt(NOW_MS - 1_999))).toMatchObject([{ untilMs: NOW_MS + 1 }]);
    expect(stood(...toldAt(NOW_MS - 2_000))).toEqual([]);
    expect(stood(...told)).toMatchObject([
      {
        ...{ code: 'RETRY_LATER', about: 'permission', measured: 500, limit: 2_000, unit: 'ms' },
        ...{ sinceMs: NOW_MS - 500, untilMs: NOW_MS + 1_500 },
      },
    ]);
  });

  test('and went on a moment ago says when it may again', () => {
    const went = (agoMs: number) => [
      ...at(NOW_MS - 10 * MINUTE_MS, paused('r', 'X')),
      ...at(NOW_MS - agoMs, { kind: 'run.resumed', runId: 'r' }, thawed('r'), paused('r', 'X')),
    ];
    expect(stood(...went(MINUTE_MS - 1))).toMatchObject([{ untilMs: NOW_MS + 1 }]);
    expect(stood(...went(MINUTE_MS))).toEqual([]);
    expect(stood(...went(20_000))).toMatchObject([
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
