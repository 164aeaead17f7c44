// A publisher that is taken out of the policy: nothing of it begins, and what runs of it ends.

import { describe, expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import type { Policy } from '../policy/policy.js';
import {
  admitted,
  NOW_MS,
  paused,
  perform,
  started,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
} from '../world/history.testing.js';
import { decide } from './decide.js';
import { hostWith, offering, OTHER } from './offering.testing.js';
import type { Plan } from './plan.js';
import { isAtRest } from './rest.js';

const distrusting: Policy = { ...trustingPolicy, publishers: [] };
const install = updateOf('a', { nextAction: 'install' });
const broken = updateOf('a', { nextAction: 'verify' });
const entered: Fact = { kind: 'critical.changed', runId: 'r', entered: true, why: 'w' };

function planFor(policy: Policy, ...facts: Fact[]): Plan {
  return decide(worldOf(offering([install], ...facts)), hostWith(), policy, NOW_MS);
}

function codesIn({ waiting }: Plan): string[][] {
  return waiting.map(({ reasons }) => reasons.map(({ code }) => code));
}

test('nothing of it begins, and each thing says so beside what else keeps it', () => {
  const plan = planFor(distrusting);
  expect(plan.admit).toEqual([]);
  expect(plan.waiting.map(({ subject }) => subject.key).sort()).toEqual(
    [OTHER, UPDATER, `${UPDATER} a`].sort(),
  );
  expect(codesIn(plan).every((codes) => codes.includes('PUBLISHER_UNKNOWN'))).toBe(true);
  const [reason] = plan.waiting[0]?.reasons ?? [];
  expect(reason).toMatchObject({ about: 'acme' });
  expect(reason?.message).toContain('policy trusts no publisher "acme" for com.acme.tool');
});

test('nor what an operator wants now', () => {
  const wanted: Fact = {
    ...{ kind: 'run.demanded', updaterId: UPDATER, updateId: 'a', actor: 'operator' },
  };
  expect(planFor(trustingPolicy, wanted).admit).toHaveLength(1);
  expect(planFor(distrusting, wanted).admit).toEqual([]);
});

test('nor the verify of what it has installed: its code is what is not trusted', () => {
  const plan = decide(worldOf(offering([broken])), hostWith(), distrusting, NOW_MS);
  expect(plan.admit).toEqual([]);
});

describe('a run of it', () => {
  const running = [admitted('r', perform(install)), started('r')];

  test.each<[string, Fact[]]>([
    ['that is on', []],
    ['that is paused', [paused('r', 'PERSON_PRESENT')]],
    ['that cannot be frozen just now', [entered]],
  ])('%s ends', (_what, more) => {
    expect(planFor(trustingPolicy, ...running, ...more).stop).toEqual([]);
    expect(planFor(distrusting, ...running, ...more).stop).toMatchObject([
      { run: { id: 'r' }, reason: { code: 'PUBLISHER_UNKNOWN' } },
    ]);
  });

  test('ends for that, whatever else stands against it', () => {
    const { stop } = planFor(
      distrusting,
      ...running,
      { kind: 'veto.placed', vetoId: 'v', owner: 'o', why: 'w', untilMs: NOW_MS + 1 },
      { kind: 'updater.suspended', id: UPDATER, code: 'OPERATOR', why: 'w', actor: 'operator' },
    );
    expect(stop.map(({ reason }) => reason.code)).toEqual(['PUBLISHER_UNKNOWN']);
    expect(stop[0]?.reasons.map(({ code }) => code).sort()).toEqual(
      ['PUBLISHER_UNKNOWN', 'UPDATER_SUSPENDED', 'VETOED'].sort(),
    );
  });

  test('goes on where the host puts back what does not work: no updater runs for that', () => {
    const reverting = admitted('r', { kind: 'revert', update: install, roots: [] });
    expect(planFor(distrusting, reverting, started('r')).stop).toEqual([]);
  });
});

test('a machine on which nobody is trusted is at rest: nothing is measured for it', () => {
  const world = worldOf(offering([install]));
  expect(isAtRest(decide(world, hostWith(), distrusting, NOW_MS), world)).toBe(true);
});

test('whoever is named again goes on as if nothing had been', () => {
  expect(planFor(trustingPolicy).admit.map(({ subject }) => subject.key)).toEqual([`${UPDATER} a`]);
});
