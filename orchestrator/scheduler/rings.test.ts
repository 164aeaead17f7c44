// An update on its way through the rings of a fleet.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Reason } from '../../conditions/reason.js';
import type { Fact } from '../journal/fact.js';
import type { Policy, Ring } from '../policy/policy.js';
import {
  at,
  NOW_MS,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
  type Dated,
} from '../world/history.testing.js';
import { rolloutKey, ROLLOUTS_MAX } from '../world/rollouts.js';
import { decide } from './decide.js';
import { hostWith, HOUR_MS, offering } from './offering.testing.js';
import { openRings, ringOf } from './rings.js';

const rings: readonly Ring[] = [
  { name: 'canary', percent: 10, soakMs: 24 * HOUR_MS },
  { name: 'early', percent: 30, soakMs: 48 * HOUR_MS },
  { name: 'all', percent: 60, soakMs: 0 },
];
const policy: Policy = { ...trustingPolicy, rollout: { rings, failuresMax: 2 } };
const update = updateOf('a', { nextAction: 'install' });
const which = { updaterId: UPDATER, updateId: 'a', toVersion: update.toVersion };
const key = rolloutKey(which);
const actor = 'operator';

function hostIn(ring: string): string {
  for (let n = 0; ; n += 1) {
    if (ringOf(`host-${String(n)}`, key, rings).ring === ring) return `host-${String(n)}`;
  }
}

function started(agoMs: number): Dated[] {
  return at(NOW_MS - agoMs, { kind: 'rollout.started', ...which });
}

function failedOn(...hosts: (readonly [hostId: string, ring: string])[]): Dated[] {
  return hosts.flatMap(([hostId, ring]) =>
    at(NOW_MS - HOUR_MS, { kind: 'rollout.failed', ...which, hostId, ring, why: 'it broke' }),
  );
}

function ringReasons(ring: string, dated: readonly Dated[], rules = policy): Reason[] {
  const host = { ...hostWith(), id: hostIn(ring) };
  const { waiting } = decide(worldOf([...offering([update]), ...dated]), host, rules, NOW_MS);
  const mine = waiting.find(({ subject }) => subject.state?.update.id === 'a');
  return (mine?.reasons ?? []).filter(({ code }) => code.startsWith('R'));
}

describe('a ring', () => {
  test.each<[string, number, boolean]>([
    ['canary', 0, true],
    ['early', 23.9, false],
    ['early', 24, true],
    ['all', 71.9, false],
    ['all', 72, true],
  ])('%s, %d h after the start: open is %s', (ring, hours, open) => {
    const reasons = ringReasons(ring, started(hours * HOUR_MS));
    expect(reasons.map(({ code }) => code)).toEqual(open ? [] : ['RING_WAITS']);
  });

  test('says when it opens', () => {
    const [reason] = ringReasons('early', started(HOUR_MS));
    expect(reason).toMatchObject({
      about: 'early',
      untilMs: NOW_MS + 23 * HOUR_MS,
      limit: 24 * HOUR_MS,
      measured: HOUR_MS,
    });
  });

  test('waits while the fleet has not noted that the update is there', () => {
    expect(ringReasons('canary', []).map(({ code }) => code)).toEqual(['RING_WAITS']);
  });

  test('says what to do where operators have stopped so many that there is room for no more', () => {
    const stopped = Array.from({ length: ROLLOUTS_MAX }, (_, n): Dated[] => {
      const other = { ...which, updateId: `other-${String(n)}` };
      const stop = { kind: 'rollout.stopped', ...other, why: 'bad', actor } as const;
      return [...at(NOW_MS, { kind: 'rollout.started', ...other }), ...at(NOW_MS, stop)];
    });
    const [reason] = ringReasons('canary', [...stopped.flat(), ...started(0)]);
    expect(reason?.message).toContain('"lull fleet resume"');
  });

  test('is not waited for where an operator wants it now, nor where there are none', () => {
    const wanted: Fact = { kind: 'run.demanded', updaterId: UPDATER, updateId: 'a', actor };
    expect(ringReasons('all', [...started(0), ...at(NOW_MS, wanted)])).toEqual([]);
    expect(ringReasons('all', [], trustingPolicy)).toEqual([]);
  });

  test('has the share of machines that it should, and the same ones each time', () => {
    const machines = Array.from({ length: 20_000 }, (_, n) => `machine-${String(n)}`);
    const count = (name: string): number =>
      machines.filter((id) => ringOf(id, key, rings).ring === name).length / machines.length;
    expect(count('canary')).toBeCloseTo(0.1, 1);
    expect(count('early')).toBeCloseTo(0.3, 1);
    fc.assert(
      fc.property(fc.string(), fc.string(), (host, other) => {
        expect(ringOf(host, other, rings)).toEqual(ringOf(host, other, rings));
      }),
    );
  });

  test('goes first with other machines for another update', () => {
    const machines = Array.from({ length: 2_000 }, (_, n) => `machine-${String(n)}`);
    const first = (of: string): string[] =>
      machines.filter((id) => ringOf(id, of, rings).ring === 'canary');
    const both = first(key).filter((id) => first('another 2.0').includes(id));
    expect(both.length).toBeLessThan(first(key).length / 2);
  });

  test('is told of as the last that has opened', () => {
    const rollout = { startedAtMs: NOW_MS };
    expect(openRings(rollout, rings, NOW_MS)).toEqual({
      ring: 'canary',
      nextAtMs: NOW_MS + 24 * HOUR_MS,
    });
    expect(openRings(rollout, rings, NOW_MS + 73 * HOUR_MS)).toEqual({ ring: 'all' });
  });
});

describe('the line stops', () => {
  test.each<[string, Dated[], boolean]>([
    ['not for one machine', failedOn(['h1', 'canary']), false],
    ['not for one machine that fails twice', failedOn(['h1', 'canary'], ['h1', 'canary']), false],
    ['not for one in each of two rings', failedOn(['h1', 'canary'], ['h2', 'early']), false],
    ['for two of a ring', failedOn(['h1', 'canary'], ['h2', 'canary']), true],
    [
      'when an operator says so',
      at(NOW_MS, { kind: 'rollout.stopped', ...which, why: 'bad', actor }),
      true,
    ],
  ])('%s', (_what, dated, stopped) => {
    const codes = ringReasons('all', [...started(100 * HOUR_MS), ...dated]).map(({ code }) => code);
    expect(codes).toEqual(stopped ? ['ROLLOUT_STOPPED'] : []);
  });

  test('for whoever wants it now as well, until it is resumed', () => {
    const failed = [...started(HOUR_MS), ...failedOn(['h1', 'canary'], ['h2', 'canary'])];
    const wanted: Fact = { kind: 'run.demanded', updaterId: UPDATER, updateId: 'a', actor };
    expect(ringReasons('canary', [...failed, ...at(NOW_MS, wanted)])).toHaveLength(1);
    const resumed: Fact = { kind: 'rollout.resumed', ...which, actor };
    expect(ringReasons('canary', [...failed, ...at(NOW_MS, resumed)])).toEqual([]);
  });
});
