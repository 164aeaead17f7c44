// The host puts back what does not work: at once, whoever is there, and whatever the updater does.

import { describe, expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import {
  admitted,
  at,
  enabled,
  engaged,
  failure,
  finished,
  found,
  installed,
  NOW_MS,
  perform,
  quietReadings,
  started,
  submitted,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
} from '../world/history.testing.js';
import { decide } from './decide.js';
import type { HostView } from './host-view.js';

const offered = updateOf('a', { nextAction: 'install', conflictKeys: ['lock:dpkg'] });
const verifying = updateOf('a', { nextAction: 'verify', conflictKeys: ['lock:dpkg'] });
const SCANNED = [admitted('s', { kind: 'scan' }), finished('s', { kind: 'succeeded' })];
const toMend: Fact[] = [
  ...[submitted(), enabled(), ...SCANNED, found([offered])],
  ...[admitted('i', perform(offered)), installed('i')],
  finished('i', { kind: 'more_to_do', nextAction: 'verify' }),
  ...[admitted('v', perform(verifying)), finished('v', failure('VERIFY_FAILED'))],
];
/** Somebody works on battery, and the disk is full. */
const inUse: HostView = {
  id: 'host-1',
  attached: true,
  level: 'none',
  readings: quietReadings({
    presence: engaged,
    'power.ac': { kind: 'flag', flag: false },
    'power.battery': { kind: 'number', number: 12 },
    'cpu.busy': { kind: 'number', number: 99 },
    'disk.free': { kind: 'number', number: 0 },
  }),
  diskPath: '/',
  servedSinceMs: NOW_MS - 1,
};
const crash = finished('c', failure('TIME_LIMIT'));
const restrictive: readonly (readonly [string, Fact])[] = [
  ['its updater was suspended', { ...suspendedBy('operator') }],
  ['the update is held', { ...held() }],
  [
    'somebody objects to updates',
    { kind: 'veto.placed', vetoId: 'v', owner: 'o', why: 'w', untilMs: NOW_MS * 2 },
  ],
];

function suspendedBy(actor: 'operator'): Fact {
  return { kind: 'updater.suspended', id: UPDATER, code: 'OPERATOR', why: 'w', actor };
}

function held(): Fact {
  const until = { why: 'w', untilMs: NOW_MS * 2, actor: 'operator' } as const;
  return { kind: 'hold.placed', updaterId: UPDATER, updateId: '', ...until };
}

const tripped: Fact = {
  ...{ kind: 'switch.tripped', why: 'w', untilMs: NOW_MS * 2, actor: 'operator' },
};

function planOf(facts: readonly Fact[], host = inUse) {
  return decide(worldOf(at(NOW_MS - 1, ...facts)), host, trustingPolicy, NOW_MS);
}

test('it is admitted beside a person, on battery, on a busy machine with a full disk', () => {
  const [admission] = planOf(toMend).admit;
  expect(admission?.subject).toMatchObject({
    action: 'revert',
    work: { kind: 'revert', roots: [{ receiptId: 'receipt-i' }] },
  });
  expect(admission?.guard).toEqual([{ kind: 'battery-above', percent: 10 }]);
});

test.each(restrictive)('it is admitted, and goes on, though %s', (_why, fact) => {
  expect(planOf([...toMend, fact]).admit).toHaveLength(1);
  const work = planOf(toMend).admit[0]?.subject.work ?? never();
  const plan = planOf([...toMend, admitted('u', work, { intrusion: 'forced' }), fact]);
  expect([plan.stop, plan.pause]).toEqual([[], []]);
});

test('it is admitted though the breaker is open, as is a verify that comes before it', () => {
  const crashes = [1, 2, 3].flatMap(() => [admitted('c', { kind: 'scan' }), crash]);
  expect(planOf([...crashes.slice(0, 0), ...toMend, ...crashes]).admit).toHaveLength(1);
  const toVerify = [...toMend.slice(0, -2), ...crashes];
  const quiet = { ...inUse, level: 'confined' as const, readings: quietReadings() };
  const host = { ...quiet, servedSinceMs: NOW_MS - 1e9 };
  expect(planOf(toVerify, host).admit.map(({ subject }) => subject.action)).toEqual(['verify']);
});

test.each([
  ['the trip switch', tripped, inUse, 'TRIPPED'],
  ['a host that is not there', started('x'), { ...inUse, attached: false }, 'HOST_NOT_ATTACHED'],
  [
    'a battery that is almost empty',
    started('x'),
    {
      ...inUse,
      readings: quietReadings({
        'power.ac': { kind: 'flag', flag: false },
        'power.battery': { kind: 'number', number: 5 },
      }),
    },
    'BATTERY_LOW',
  ],
] as const)('%s keeps it waiting', (_what, fact, host, code) => {
  const { admit, waiting } = planOf([...toMend, fact], host);
  expect(admit).toEqual([]);
  const mine = waiting.find(({ subject }) => subject.action === 'revert');
  expect(mine?.reasons.map((reason) => reason.code)).toContain(code);
});

describe('what cannot be put back', () => {
  const work = planOf(toMend).admit[0]?.subject.work ?? never();

  test('is tried again a while later, and says so', () => {
    const failed = at(NOW_MS - 1_000, admitted('u', work), finished('u', failure('APPLY_FAILED')));
    const world = worldOf([...at(NOW_MS - 2_000, ...toMend), ...failed]);
    const { waiting } = decide(world, inUse, trustingPolicy, NOW_MS);
    const [reason, ...more] =
      waiting.find(({ subject }) => subject.action === 'revert')?.reasons ?? [];
    expect(more).toEqual([]);
    expect(reason).toMatchObject({
      ...{ code: 'RETRY_LATER', measured: 1_000, unit: 'ms', sinceMs: NOW_MS - 1_000 },
      message: expect.stringMatching(/^attempt 2 to put it back waits another \d\d s$/),
    });
    const untilMs = reason?.untilMs ?? Number.NaN;
    const then = decide(world, inUse, trustingPolicy, untilMs);
    expect(then.admit).toMatchObject([{ subject: { action: 'revert' } }]);
  });

  const lost = [...toMend, admitted('u', work), finished('u', failure('APPLY_FAILED', false))];

  test('is shown as lost until an operator wants it tried again', () => {
    const { admit, waiting } = planOf(lost);
    expect(admit).toEqual([]);
    expect(waiting.flatMap(({ reasons }) => reasons.map(({ code }) => code))).toContain('LOST');
    const demanded: Fact = {
      ...{ kind: 'run.demanded', updaterId: UPDATER, updateId: 'a', actor: 'operator' },
    };
    expect(planOf([...lost, demanded]).admit).toHaveLength(1);
  });
});

function never(): never {
  throw new Error('nothing was admitted');
}
