// What holds of every plan, for every world, machine and policy (D1 to D4).

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Readings, Signal, Value } from '../../conditions/reading.js';
import { judge } from '../../conditions/requirement.js';
import type { Fact } from '../journal/fact.js';
import { defaultPolicy, type Policy } from '../policy/policy.js';
import { actionOf, holdsSlot } from '../runs/run.js';
import {
  admitted,
  awaySince,
  enabled,
  engaged,
  failure,
  finished,
  found,
  interrupted,
  NOW_MS,
  paused,
  perform,
  quietReadings,
  started,
  submitted,
  thawed,
  updateOf,
  UPDATER,
  worldOf,
} from '../world/history.testing.js';
import type { World } from '../world/world.js';
import { decide } from './decide.js';
import type { HostView } from './host-view.js';
import { compareSubjects } from './order.js';
import { toResume, toStart } from './requirements.js';
import { isSmall } from './slots.js';
import { subjectsOf } from './subject.js';

const updaterId = fc.constantFrom(UPDATER, 'com.acme.other');
const runId = fc.constantFrom('r1', 'r2', 'r3');
const action = fc.constantFrom('download', 'install', 'verify', 'rollback', 'reboot');
const update = fc
  .tuple(fc.constantFrom('a', 'b', 'c'), action, fc.boolean(), fc.nat(1e9))
  .map(([id, nextAction, security, installBytes]) =>
    updateOf(id, { nextAction: nextAction as 'install', security, installBytes }),
  );
const work = fc.oneof(fc.constant({ kind: 'scan' as const }), update.map(perform));
const fact: fc.Arbitrary<Fact> = fc.oneof(
  { weight: 3, arbitrary: updaterId.map((id) => enabled(id)) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.uniqueArray(update, { selector: ({ id }) => id }), updaterId)
      .map((all) => found(...all)),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(runId, work, updaterId, fc.integer({ min: 1, max: 5 }))
      .map(([id, what, owner, attempt]) => admitted(id, what, { updaterId: owner, attempt })),
  },
  runId.map(started),
  { weight: 2, arbitrary: runId.map((id) => paused(id, 'X')) },
  runId.map((id): Fact => ({ kind: 'run.resumed', runId: id })),
  runId.map(thawed),
  runId.map(interrupted),
  runId.map((id) => finished(id, { kind: 'succeeded' })),
  fc.tuple(runId, fc.boolean()).map(([id, retry]) => finished(id, failure('APPLY_FAILED', retry))),
  updaterId.map((id): Fact => ({ kind: 'updater.withdrawn', id, actor: 'operator' })),
  updaterId.map((id): Fact => ({
    kind: 'updater.suspended',
    id,
    code: 'OPERATOR',
    why: '',
    actor: 'operator',
  })),
);
const agoMs = fc.oneof(fc.nat(5_000), fc.nat(100 * 3_600_000));
const world: fc.Arbitrary<World> = fc
  .array(fc.tuple(agoMs, fact), { maxLength: 25 })
  .map((dated) => {
    const later = [...dated].sort(([a], [b]) => b - a);
    const base = 200 * 3_600_000;
    return worldOf([
      [NOW_MS - base, submitted()],
      [NOW_MS - base, submitted('com.acme.other')],
      ...later.map(([ago, each]) => [NOW_MS - ago, each] as const),
    ]);
  });

const value: fc.Arbitrary<Value> = fc.oneof(
  fc.constant({ kind: 'unknown' as const, why: 'test' }),
  fc.boolean().map((flag) => ({ kind: 'flag' as const, flag })),
  fc.nat(100).map((number) => ({ kind: 'number' as const, number })),
  fc.constant(engaged),
  fc.nat(1e7).map((ago) => awaySince(NOW_MS - ago)),
);
const readings: fc.Arbitrary<Readings> = fc.oneof(
  fc.constant(quietReadings()),
  fc
    .dictionary(
      fc.constantFrom('presence', 'power.ac', 'power.battery', 'cpu.busy', 'disk.free'),
      value,
      { maxKeys: 2 },
    )
    .map((changes) => quietReadings(changes as Partial<Record<Signal, Value>>)),
  fc.constant(new Map()),
);
const host: fc.Arbitrary<HostView> = fc.record({
  id: fc.constant('host-1'),
  attached: fc.oneof(fc.constant(true), fc.boolean()),
  level: fc.constantFrom('sealed', 'confined', 'loose', 'none', undefined),
  readings,
  diskPath: fc.constant('/var/lib/lull'),
  servedSinceMs: agoMs.map((ago) => NOW_MS - ago),
});
const policy: fc.Arbitrary<Policy> = fc
  .integer({ min: 1, max: 3 })
  .map((small) => ({ ...defaultPolicy, slots: { change: 1, fetch: 2, small } }));

function holds(check: (given: World, view: HostView, rules: Policy) => void): void {
  fc.assert(fc.property(world, host, policy, check), { numRuns: 400 });
}

function open(requirements: ReturnType<typeof toResume>, view: HostView): boolean {
  return requirements.every((each) => judge(each, view.readings, NOW_MS).kind === 'open');
}

describe('for every world, machine and policy', () => {
  test('the same arguments give the same plan, and nothing is changed by asking (D1)', () => {
    holds((given, view, rules) => {
      const before = JSON.stringify([...given.runs, ...given.updates]);
      const plan = decide(given, view, rules, NOW_MS);
      expect(decide(given, view, rules, NOW_MS)).toEqual(plan);
      expect(JSON.stringify([...given.runs, ...given.updates])).toBe(before);
    });
  });

  test('every subject is admitted or has a reason in words, and none is there twice (D2)', () => {
    holds((given, view, rules) => {
      const { admit, waiting } = decide(given, view, rules, NOW_MS);
      const named = [...admit, ...waiting].map(({ subject }) => subject.key);
      const subjects = subjectsOf(given, rules, NOW_MS).map(({ key }) => key);
      expect(named.sort()).toEqual(subjects.sort());
      for (const { reasons } of waiting) {
        expect(reasons.length).toBeGreaterThan(0);
        for (const { message } of reasons) expect(message).not.toBe('');
      }
    });
  });

  test('nothing is admitted while a requirement is closed or unknown (D3)', () => {
    holds((given, view, rules) => {
      for (const { subject, guard } of decide(given, view, rules, NOW_MS).admit) {
        const options = { diskPath: view.diskPath, quietSinceOwnRun: false };
        const needed = toStart(subject, rules, options);
        expect(open([...needed, ...guard], view)).toBe(true);
        expect({ attached: view.attached, state: subject.updater.state }).toEqual({
          attached: true,
          state: 'enabled',
        });
      }
    });
  });

  test('no more runs hold a slot than there are, and each has a fence and an id of its own (D4)', () => {
    holds((given, view, rules) => {
      const { admit } = decide(given, view, rules, NOW_MS);
      const held = [...given.runs.values()].filter(holdsSlot).length;
      if (admit.length > 0)
        expect(held + admit.length).toBeLessThanOrEqual(
          isSmall(view.readings) ? rules.slots.small : rules.slots.change + rules.slots.fetch,
        );
      expect(new Set(admit.map(({ runId: id }) => id)).size).toBe(admit.length);
      expect(admit.map(({ epoch }) => epoch)).toEqual(admit.map((_, n) => given.epoch + n + 1));
      const again = admit.flatMap((each) => given.runs.get(each.runId) ?? []);
      expect(again.filter(holdsSlot)).toEqual([]);
    });
  });

  test('every run with a slot is stopped, paused, going on or told why it stays paused', () => {
    holds((given, view, rules) => {
      const { stop, pause, paused: stays, resume } = decide(given, view, rules, NOW_MS);
      for (const run of [...given.runs.values()].filter(holdsSlot)) {
        const isIn = (all: readonly { run: { id: string } }[]) =>
          all.some((each) => each.run.id === run.id);
        const updater = given.updaters.get(run.updaterId);
        expect(isIn(stop)).toBe(updater === undefined || updater.state === 'suspended');
        if (isIn(stop)) continue;
        if (run.phase.kind !== 'paused') {
          expect(isIn(pause) || isIn(stays) || resume.includes(run)).toBe(isIn(pause));
          continue;
        }
        const toldAgoMs = NOW_MS - (run.phase.permittedAtMs ?? 0);
        const may =
          view.attached &&
          toldAgoMs >= 2_000 &&
          open(toResume({ ...run, action: actionOf(run), level: run.intrusion }, rules), view);
        expect({ resumed: resume.includes(run), stays: isIn(stays) }).toEqual({
          resumed: may,
          stays: !may,
        });
      }
    });
  });

  test('the next look lies ahead', () => {
    holds((given, view, rules) => {
      const { lookAgainAtMs } = decide(given, view, rules, NOW_MS);
      if (lookAgainAtMs !== undefined) expect(lookAgainAtMs).toBeGreaterThan(NOW_MS);
    });
  });

  test('who comes first does not depend on where one begins, and no two are equal', () => {
    fc.assert(
      fc.property(world, (given) => {
        const subjects = subjectsOf(given, defaultPolicy, NOW_MS);
        for (const a of subjects) {
          for (const b of subjects) {
            const sign = Math.sign(compareSubjects(a, b));
            expect(sign + Math.sign(compareSubjects(b, a))).toBe(0);
            expect(sign === 0).toBe(a === b);
            for (const c of subjects) {
              if (sign < 0 && compareSubjects(b, c) < 0)
                expect(compareSubjects(a, c)).toBeLessThan(0);
            }
          }
        }
      }),
    );
  });
});
