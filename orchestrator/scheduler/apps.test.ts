// A program that has to be closed is open, and stays open.

import { describe, expect, test } from '@jest/globals';
import { readingKey, type Reading, type Value } from '../../conditions/reading.js';
import type { Fact } from '../journal/fact.js';
import type { Policy } from '../policy/policy.js';
import type { Action } from '../../bundle/manifest.js';
import {
  at,
  engaged,
  enabled,
  found,
  NOW_MS,
  quietReadings,
  submitted,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
} from '../world/history.testing.js';
import { decide } from './decide.js';
import { hostWith } from './offering.testing.js';

const DAY_MS = 86_400_000;
const EDITOR = '/usr/bin/editor';

interface Situation {
  readonly days: number;
  readonly running?: boolean | undefined;
  readonly action?: Action;
  readonly policy?: Partial<Policy>;
  readonly version?: string;
  readonly more?: readonly Fact[];
}

/** What stands in the way of an update so many days after it was first seen, and the next look. */
function after({
  days,
  running = true,
  action = 'install',
  policy,
  version,
  more = [],
}: Situation) {
  const update = updateOf('a', { nextAction: action, closedApps: [EDITOR] });
  const again = version === undefined ? [] : [found([{ ...update, toVersion: version }])];
  const world = worldOf([
    ...at(NOW_MS - days * DAY_MS, submitted(), enabled(), found([update])),
    ...at(NOW_MS - 1, ...again, ...more),
  ]);
  const value: Value = { kind: 'flag', flag: running };
  const reading: Reading = {
    ...{ signal: 'app.running', instance: EDITOR, value, source: 'test' },
    ...{ observedAtMs: NOW_MS, observedMonotonicNs: 0n },
  };
  const readings = new Map(quietReadings({ presence: engaged }));
  readings.set(readingKey('app.running', EDITOR), reading);
  const rules = { ...trustingPolicy, ...policy };
  const plan = decide(world, { ...hostWith(), readings }, rules, NOW_MS);
  const mine = plan.waiting.find(({ subject }) => subject.state !== undefined);
  const codes = mine?.reasons.map(({ code }) => code) ?? [];
  return { plan, codes: codes.filter((code) => code !== 'SLOT_TAKEN' && code !== 'CONFLICT') };
}

const soon = {
  deadlines: {
    critical: { deadlineMs: DAY_MS, graceMs: DAY_MS },
    security: { deadlineMs: DAY_MS, graceMs: DAY_MS },
    others: { deadlineMs: DAY_MS, graceMs: DAY_MS },
  },
};
const demanded: Fact = {
  kind: 'run.demanded',
  updaterId: UPDATER,
  updateId: 'a',
  actor: 'operator',
};

describe('an update whose program is open', () => {
  test('is waited with for fourteen days, also when it is overdue', () => {
    expect(after({ days: 13.9, policy: soon }).codes).toEqual(['APP_IN_USE']);
  });

  test('is asked for then, where it may be felt', () => {
    expect(after({ days: 14, policy: soon }).codes).toEqual(['APP_IN_USE', 'NEEDS_OPERATOR']);
    const silent = {
      ...soon,
      intrusion: { ...trustingPolicy.intrusion, overdue: 'gentle' },
    } as const;
    expect(after({ days: 14, policy: silent }).codes).toEqual(['APP_IN_USE']);
  });

  test('is asked for although it has a new version every week', () => {
    expect(after({ days: 14, policy: soon, version: '9.0.0' }).codes).toContain('NEEDS_OPERATOR');
  });

  test('is looked at again at that instant', () => {
    const { plan } = after({ days: 14 - 1 / 86_400, policy: soon });
    expect(plan.lookAgainAtMs).toBe(NOW_MS + 1_000);
  });

  test('is installed beside it only where an operator or policy says so, and never before', () => {
    expect(after({ days: 14, policy: soon, more: [demanded] }).codes).toEqual([]);
    const allow = { ...soon, restarts: 'allow' } as const;
    expect(after({ days: 14, policy: allow }).codes).toEqual([]);
    expect(after({ days: 13.9, policy: allow }).codes).toEqual(['APP_IN_USE']);
  });

  test('is installed when it is closed, and downloaded meanwhile', () => {
    expect(after({ days: 14, policy: soon, running: false }).codes).toEqual([]);
    expect(after({ days: 5, policy: soon, action: 'download' }).codes).toEqual([]);
  });
});
