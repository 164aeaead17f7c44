// What no urgency, no operator and no order of events gets around: hard gates, exclusive things, and
// the end of `decide` itself.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { valueOf, type Readings } from '../../conditions/reading.js';
import type { Policy } from '../policy/policy.js';
import { actionOf, holdsSlot, type Run } from '../runs/run.js';
import type { Work } from '../runs/update.js';
import { NOW_MS } from '../world/history.testing.js';
import type { World } from '../world/world.js';
import { decide } from './decide.js';
import type { HostView } from './host-view.js';
import type { Admission, Plan } from './plan.js';
import { anyPolicy } from './policies.testing.js';
import { keyOf, usesNetwork } from './subject.js';
import { mends, weightOf } from './requirements.js';
import { anyHost, anyWorld } from './worlds.testing.js';

function holds(check: (given: World, view: HostView, rules: Policy) => void): void {
  fc.assert(fc.property(anyWorld, anyHost, anyPolicy, check), { numRuns: 600 });
}

test('what these properties are asked of begins, takes up again and keeps apart what it may, and often enough', () => {
  const cases = fc.sample(fc.tuple(anyWorld, anyHost, anyPolicy), { numRuns: 600, seed: 1 });
  const plans = cases.map(([given, view, rules]) => decide(given, view, rules, NOW_MS));
  const waitsOnlyFor = (wanted: string, { waiting }: Plan): boolean =>
    waiting.some(({ reasons }) => reasons.every(({ code }) => code === wanted));
  const often = {
    begins: plans.filter(({ admit }) => admit.length > 0).length,
    beginsSeveral: plans.filter(({ admit }) => admit.length > 1).length,
    takesUpAgain: plans.filter(({ resume }) => resume.length > 0).length,
    lacksSlot: plans.filter((plan) => waitsOnlyFor('SLOT_TAKEN', plan)).length,
    conflicts: plans.filter((plan) => waitsOnlyFor('CONFLICT', plan)).length,
  };
  expect(often.begins).toBeGreaterThan(60);
  expect(often.beginsSeveral).toBeGreaterThan(10);
  expect(often.takesUpAgain).toBeGreaterThan(30);
  expect(often.lacksSlot).toBeGreaterThan(20);
  expect(often.conflicts).toBeGreaterThan(20);
});

interface Holder {
  readonly updaterId: string;
  readonly work: Work;
}

/** The runs of an updater that still may run. The others end; their slots stay theirs until then. */
function heldIn(given: World): Run[] {
  return [...given.runs.values()].filter(holdsSlot);
}

describe('there are never two holders', () => {
  const keysOf = ({ updaterId, work }: Holder): string[] =>
    work.kind === 'scan'
      ? [updaterId]
      : [updaterId, ...work.update.conflictKeys.map((key) => `key ${key}`)];
  const isExclusive = ({ work }: Holder): boolean =>
    work.kind === 'perform' && work.update.exclusive;

  test('of an updater, a conflict key, or the machine by what is exclusive', () => {
    holds((given, view, rules) => {
      const { admit } = decide(given, view, rules, NOW_MS);
      const news = admit.map(({ subject: { updater, work } }) => ({ updaterId: updater.id, work }));
      const all: Holder[] = [...heldIn(given), ...news];
      for (const mine of news) {
        const others = all.filter((other) => other !== mine);
        const mineKeys = new Set(keysOf(mine));
        expect(others.flatMap(keysOf).filter((key) => mineKeys.has(key))).toEqual([]);
        const performing = others.filter(({ work }) => work.kind === 'perform');
        if (isExclusive(mine)) expect(performing).toEqual([]);
        if (mine.work.kind === 'perform') expect(performing.filter(isExclusive)).toEqual([]);
      }
    });
  });

  test('of the one slot in which something is changed', () => {
    holds((given, view, rules) => {
      const one = { ...rules, slots: { ...rules.slots, change: 1 } };
      const { admit } = decide(given, view, one, NOW_MS);
      const changes = (action: ReturnType<typeof actionOf>): boolean =>
        weightOf(action) === 'change';
      const starting = admit.filter(({ subject }) => changes(subject.action)).length;
      const going = heldIn(given).filter((run) => changes(actionOf(run))).length;
      if (starting > 0) expect(starting + going).toBe(1);
    });
  });
});

describe('nothing starts while a hard gate is closed, at no level and whoever asks', () => {
  test.each<[string, (each: Admission, given: World, view: HostView, rules: Policy) => boolean]>([
    ['trust', ({ subject: { updater } }) => updater.state === 'enabled'],
    ['a publisher', (_each, _given, _view, { publishers }) => publishers.length > 0],
    [
      'a hold of the policy',
      ({ subject: { updater } }, _given, _view, rules) =>
        rules.holds.every(
          ({ updater: of, untilMs }) =>
            untilMs <= NOW_MS || (of !== 'com.acme.*' && of !== updater.id),
        ),
    ],
    [
      'a place in a group',
      ({ subject: { action } }, _given, { places }, { groups }) =>
        action === 'revert' ||
        weightOf(action) !== 'change' ||
        groups.length === 0 ||
        places === undefined ||
        places.get('tills')?.kind === 'held',
    ],
    [
      'a rollout that stands, or is not noted',
      ({ subject: { action, updater, state } }, { rollouts }, _view, { rollout: { rings } }) => {
        if (rings.length === 0 || weightOf(action) !== 'change' || mends(action, state))
          return true;
        const rollout = rollouts.get(`${updater.id} ${String(state?.update.id)} 2.0.0`);
        return rollout !== undefined && rollout.stopped === undefined;
      },
    ],
    [
      'what the manifest declares',
      ({ subject: { action, manifest } }) =>
        action === 'scan' || action === 'revert' || manifest?.actions.includes(action) === true,
    ],
    ['the trip switch', (_each, { tripped }) => !(Number(tripped?.untilMs) > NOW_MS)],
    [
      'a veto',
      (_each, { vetoes }) => [...vetoes.values()].every(({ untilMs }) => untilMs <= NOW_MS),
    ],
    [
      'a hold',
      ({ subject: { key, updater } }, given) =>
        [key, updater.id].every((name) => !(Number(given.holds.get(name)?.untilMs) > NOW_MS)),
    ],
    [
      'the quota',
      ({ subject: { updater } }, _given, _view, { runsPerMinuteMax }) =>
        updater.admissionsAtMs.filter((atMs) => NOW_MS - atMs < 60_000 && atMs <= NOW_MS).length <
        runsPerMinuteMax,
    ],
    ['space on the disk', (each, _given, view, rules) => hasSpace(each, view, rules)],
    ['the charge of the battery', (each, _given, { readings }) => hasPower(each, readings)],
    [
      'a way out',
      ({ subject }, _given, { readings }) =>
        weightOf(subject.action) === 'change' || !usesNetwork(subject) || !isKnownOffline(readings),
    ],
    [
      'a native lock',
      ({ subject: { work } }, _given, { readings }) =>
        work.kind === 'scan' ||
        work.update.conflictKeys.every((key) => {
          const held = valueOf(readings, 'lock.held', key.replace(/^lock:/, ''));
          return !key.startsWith('lock:') || held.kind !== 'flag' || !held.flag;
        }),
    ],
    ['a host that is there', (_each, _given, { attached }) => attached],
  ])('%s', (_what, isOpen) => {
    holds((given, view, rules) => {
      const { admit } = decide(given, view, rules, NOW_MS);
      expect(admit.filter((each) => !isOpen(each, given, view, rules))).toEqual([]);
    });
  });

  test('but what runs is never ended for what a person, the machine or the network is doing', () => {
    const orders = [
      'OPERATOR',
      'TRIPPED',
      'VETOED',
      'HELD',
      'UPDATER_SUSPENDED',
      'PUBLISHER_UNKNOWN',
    ];
    const handovers = ['SUPERSEDED', 'GAVE_WAY', 'OUTSIDE_WINDOW'];
    holds((given, view, rules) => {
      for (const { run, reason } of decide(given, view, rules, NOW_MS).stop) {
        const ofPaused = run.phase.kind === 'paused' ? handovers : [];
        expect([...orders, ...ofPaused]).toContain(reason.code);
      }
    });
  });

  test('and what runs while somebody says no is stopped, in the same turn for all of it', () => {
    holds((given, view, rules) => {
      if (!(Number(given.tripped?.untilMs) > NOW_MS)) return;
      const { stop, resume } = decide(given, view, rules, NOW_MS);
      expect(stop.map(({ run }) => keyOf(run))).toEqual(heldIn(given).map(keyOf));
      expect(resume).toEqual([]);
    });
  });
});

function hasSpace({ subject: { work } }: Admission, view: HostView, rules: Policy): boolean {
  if (work.kind === 'scan') return true;
  const free = valueOf(view.readings, 'disk.free', view.diskPath);
  const { downloadBytes = 0, installBytes = 0 } = work.update;
  return (
    free.kind === 'number' && free.number >= downloadBytes + installBytes + rules.disk.freeBytesMin
  );
}

/** What is overdue, or wanted now, installs on battery as well; never below its minimum. */
function hasPower({ subject: { action, level } }: Admission, readings: Readings): boolean {
  const mains = valueOf(readings, 'power.ac');
  if (mains.kind === 'flag' && mains.flag) return true;
  const mayUseBattery = level === 'noticeable' || level === 'forced';
  if (weightOf(action) === 'change' && !mayUseBattery) return false;
  const charge = valueOf(readings, 'power.battery');
  return charge.kind === 'number' && charge.number >= 20;
}

function isKnownOffline(readings: Readings): boolean {
  const value = valueOf(readings, 'network.connectivity');
  return value.kind === 'word' && value.word !== 'full';
}

test('there is a plan at any instant that a clock can show', () => {
  const instants = fc.oneof(
    fc.integer({ min: -8.64e15, max: 8.64e15 }),
    fc.constantFrom(0, -1, 8.64e15, -8.64e15),
  );
  fc.assert(
    fc.property(anyWorld, anyHost, anyPolicy, instants, (given, view, rules, nowMs) => {
      const { admit, waiting } = decide(given, view, rules, nowMs);
      const subjects = given.updaters.size + given.updates.size;
      expect(admit.length + waiting.length).toBeLessThanOrEqual(subjects);
    }),
    { numRuns: 600 },
  );
});
