// What holds of every plan, for every world, machine and policy (D1 to D4).

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { judge, type Requirement } from '../../conditions/requirement.js';
import { isReasonCode, type ReasonCode } from '../../conditions/reason.js';
import type { Policy } from '../policy/policy.js';
import { windowState } from '../policy/window.js';
import { intrusions } from '../runs/intrusion.js';
import { actionOf, holdsSlot, type ActionName, type Run } from '../runs/run.js';
import { NOW_MS, trustingPolicy } from '../world/history.testing.js';
import type { World } from '../world/world.js';
import { decide } from './decide.js';
import type { HostView } from './host-view.js';
import { installRootsOf } from './asked-about.js';
import { compareSubjects } from './order.js';
import type { Plan } from './plan.js';
import { anyPolicy } from './policies.testing.js';
import { mends, toContinue, toResume, toStart, weightOf } from './requirements.js';
import { isSmall } from './slots.js';
import { keyOf, levelNow, subjectsOf, usesNetwork } from './subject.js';
import { anyHost, anyWorld } from './worlds.testing.js';

/** What only takes time says how much, how much has passed, and since when, whatever was before. */
const waits: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  ...(['STARTING_UP', 'PERSON_JUST_LEFT', 'BREAKER_OPEN', 'QUOTA', 'QUIET_TOO_SHORT'] as const),
]);

function holds(check: (given: World, view: HostView, rules: Policy) => void): void {
  fc.assert(fc.property(anyWorld, anyHost, anyPolicy, check), { numRuns: 600 });
}

function open(requirements: readonly Requirement[], view: HostView): boolean {
  return requirements.every((each) => judge(each, view.readings, NOW_MS).kind === 'open');
}

function isChange(action: ActionName): boolean {
  return weightOf(action) === 'change';
}

function heldIn(given: World): Run[] {
  return [...given.runs.values()].filter(holdsSlot);
}

describe('for every world, machine and policy', () => {
  test('the same arguments give the same plan, and nothing is changed by asking (D1)', () => {
    holds((given, view, rules) => {
      const before = JSON.stringify([...given.runs, ...given.updates, ...given.demands]);
      const plan = decide(given, view, rules, NOW_MS);
      expect(decide(given, view, rules, NOW_MS)).toEqual(plan);
      expect(JSON.stringify([...given.runs, ...given.updates, ...given.demands])).toBe(before);
    });
  });

  test('the order in which maps were filled decides nothing (D1)', () => {
    const shuffles = fc.array(fc.nat(), { minLength: 64, maxLength: 64 });
    fc.assert(
      fc.property(anyWorld, anyHost, anyPolicy, shuffles, (given, view, rules, order) => {
        const other: World = {
          ...given,
          updaters: shuffled(given.updaters, order),
          updates: shuffled(given.updates, order),
          runs: shuffled(given.runs, order),
          holds: shuffled(given.holds, order),
          vetoes: shuffled(given.vetoes, order),
          demands: shuffled(given.demands, order),
        };
        const turned = { ...view, readings: shuffled(view.readings, order) };
        const [plan, same] = [
          decide(given, view, rules, NOW_MS),
          decide(other, turned, rules, NOW_MS),
        ];
        expect(same.admit).toEqual(plan.admit);
        expect(essenceOf(same)).toEqual(essenceOf(plan));
      }),
      { numRuns: 300 },
    );
  });

  test('every subject is admitted or has a reason in words, and none is there twice (D2)', () => {
    holds((given, view, rules) => {
      const { admit, waiting } = decide(given, view, rules, NOW_MS);
      const named = [...admit, ...waiting].map(({ subject }) => subject.key);
      const held = new Set(heldIn(given).map(keyOf));
      const pending = [...given.updaters.keys(), ...given.updates.keys()];
      expect(named.sort()).toEqual(pending.filter((key) => !held.has(key)).sort());
      for (const { reasons } of waiting) {
        expect(reasons.length).toBeGreaterThan(0);
        for (const { code, message, measured, limit, sinceMs, untilMs } of reasons) {
          expect(isReasonCode(code)).toBe(true);
          if (waits.has(code)) expect([code, measured, limit, sinceMs]).not.toContain(undefined);
          expect(message).toMatch(/^(?!.*(?:undefined|\[object)).+$/);
          if (untilMs !== undefined) expect(untilMs).toBeGreaterThan(NOW_MS);
        }
      }
    });
  });

  test('nothing is admitted while a requirement is closed or unknown (D3)', () => {
    holds((given, view, rules) => {
      const sinceMs = NOW_MS - given.lastRunEndedAtMs;
      const rested = sinceMs < 0 || sinceMs >= rules.ownLoadMs;
      const quietSinceOwnRun = heldIn(given).length === 0 && rested;
      for (const { subject, guard } of decide(given, view, rules, NOW_MS).admit) {
        const installRoots = installRootsOf(subject.updater);
        if (subject.action === 'revert') continue; // It asks for nothing that could wait.
        const asked = { diskPath: view.diskPath, installRoots, quietSinceOwnRun };
        const options = { ...asked, usesNetwork: usesNetwork(subject) };
        expect(open([...toStart(subject, rules, options), ...guard], view)).toBe(true);
        expect(guard).toEqual(toContinue(subject, rules));
      }
    });
  });

  test('no more runs hold a slot than there are, and each has a fence and an id of its own (D4)', () => {
    holds((given, view, rules) => {
      const { admit } = decide(given, view, rules, NOW_MS);
      const weights = {
        held: heldIn(given).map((run) => isChange(actionOf(run))),
        admitted: admit.map(({ subject }) => isChange(subject.action)),
      };
      for (const change of [true, false]) {
        const count = (all: readonly boolean[]): number =>
          all.filter((each) => each === change).length;
        const slots = change ? rules.slots.change : rules.slots.fetch;
        if (count(weights.admitted) > 0)
          expect(count([...weights.held, ...weights.admitted])).toBeLessThanOrEqual(slots);
      }
      if (isSmall(view.readings) && admit.length > 0)
        expect(weights.held.length + admit.length).toBeLessThanOrEqual(rules.slots.small);
      expect(new Set(admit.map(({ runId: id }) => id)).size).toBe(admit.length);
      expect(admit.map(({ epoch }) => epoch)).toEqual(admit.map((_, n) => given.epoch + n + 1));
      const again = admit.flatMap((each) => given.runs.get(each.runId) ?? []);
      expect(again.filter(holdsSlot)).toEqual([]);
    });
  });

  test('every run with a slot is stopped, paused, going on or told why it stays paused', () => {
    holds((given, view, rules) => {
      const plan = decide(given, view, rules, NOW_MS);
      for (const run of heldIn(given)) {
        const state = given.updates.get(keyOf(run));
        const known = state === undefined ? {} : { state };
        const wanted = { ...run, action: actionOf(run), level: run.intrusion, ...known };
        const isPaused = run.phase.kind === 'paused';
        const calm = wasNotJustTold(run) && didNotJustGoOn(run, rules);
        const may = view.attached && calm && open(toResume(wanted, rules), view);
        const gives = plan.stop.some((each) => each.run === run && each.reason.code === 'GAVE_WAY');
        if (gives) expect(mayGiveWay(run, given, rules)).toBe(true);
        const ends =
          mustEnd(run, given, rules) ||
          (isPaused && (mayBeFeltMore(run, given, rules) || isOutOfTime(run, given, rules))) ||
          gives;
        const breaks = !open(toContinue(wanted, rules), view);
        expect(placesOf(run, plan)).toEqual({
          stop: ends,
          pause: !ends && !isPaused && breaks,
          resume: !ends && isPaused && may,
          paused: !ends && isPaused && !may,
        });
        if (gives) expect(may).toBe(false);
      }
    });
  });

  test('whoever gives way makes room for something that has no other objection', () => {
    holds((given, view, rules) => {
      const { stop, waiting } = decide(given, view, rules, NOW_MS);
      if (!stop.some(({ reason }) => reason.code === 'GAVE_WAY')) return;
      const ofSlots = ['SLOT_TAKEN', 'CONFLICT', 'RESTART_DUE'];
      const gone = new Map(given.runs);
      for (const { run } of stop) gone.delete(run.id);
      const held = waiting.filter(({ reasons }) =>
        reasons.every(({ code }) => ofSlots.includes(code)),
      );
      expect(held.length).toBeGreaterThan(0);
      const without = decide({ ...given, runs: gone }, view, rules, NOW_MS);
      const keys = new Set(held.map(({ subject }) => subject.key));
      const starts = without.admit.some(({ subject }) => keys.has(subject.key));
      expect(starts || without.restart.order !== undefined).toBe(true);
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
      fc.property(anyWorld, (given) => {
        const subjects = subjectsOf(given, trustingPolicy, NOW_MS);
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

/** In which of a plan's lists a run stands. */
function placesOf(run: Run, { stop, pause, resume, paused }: Plan) {
  const isIn = (all: readonly { readonly run: Run }[]) => all.some((each) => each.run === run);
  return {
    stop: isIn(stop),
    pause: isIn(pause),
    resume: resume.includes(run),
    paused: isIn(paused),
  };
}

/** Its updater may not run any more, or somebody said no. */
function mustEnd(run: Run, given: World, { publishers, holds: held }: Policy): boolean {
  const updater = given.updaters.get(run.updaterId);
  const placed = [
    given.tripped,
    ...given.vetoes.values(),
    given.holds.get(run.updaterId),
    given.holds.get(keyOf(run)),
  ];
  return (
    updater === undefined ||
    updater.state === 'suspended' ||
    publishers.length === 0 ||
    held.some(({ updater: of, untilMs }) => untilMs > NOW_MS && isOneOf(updater.id, of)) ||
    placed.some((order) => (order?.untilMs ?? 0) > NOW_MS)
  );
}

/** Of the patterns that policies here have. */
function isOneOf(id: string, pattern: string): boolean {
  return pattern === 'com.acme.*' || pattern === id;
}

function mayBeFeltMore(run: Run, given: World, rules: Policy): boolean {
  const level = levelNow(run, given, rules, NOW_MS);
  return intrusions.indexOf(level) > intrusions.indexOf(run.intrusion);
}

function isOutOfTime(run: Run, { updates }: World, { windows, timeZone }: Policy): boolean {
  const { intrusion } = run;
  if (mends(actionOf(run), updates.get(keyOf(run)))) return false;
  if (intrusion === 'noticeable' || intrusion === 'forced') return false;
  return windows.length > 0 && windowState(windows, timeZone, NOW_MS).kind === 'closed';
}

function wasNotJustTold({ phase }: Run): boolean {
  const atMs = phase.kind === 'paused' ? phase.permittedAtMs : undefined;
  return atMs === undefined || NOW_MS - atMs < 0 || NOW_MS - atMs >= 2_000;
}

function didNotJustGoOn({ phase, resumedAtMs }: Run, { waiting }: Policy): boolean {
  if (phase.kind !== 'paused' || phase.permittedAtMs !== undefined) return true;
  if (resumedAtMs === undefined) return true;
  return NOW_MS - resumedAtMs < 0 || NOW_MS - resumedAtMs >= waiting.betweenResumesMs;
}

/** Paused for long, or for a moment where an operator wants something; never in a section. */
function mayGiveWay(run: Run, given: World, { waiting }: Policy): boolean {
  if (run.phase.kind !== 'paused' || run.inSection === true) return false;
  return NOW_MS - run.phase.sinceMs >= waiting.giveWayMs || given.demands.size > 0;
}

/** What a plan says, without the order in which it says what has no order. */
function essenceOf({ waiting, stop, pause, paused, resume, lookAgainAtMs }: Plan) {
  const codes = (reasons: readonly { readonly code: string; readonly untilMs?: number }[]) =>
    reasons.map(({ code, untilMs }) => `${code} ${String(untilMs)}`).sort();
  return {
    waiting: waiting.map(({ subject, reasons }) => [subject.key, codes(reasons)]),
    stop: stop.map(({ run }) => run.id).sort(),
    pause: pause.map(({ run, reasons }) => [run.id, ...codes(reasons)]).sort(),
    paused: paused.map(({ run, reasons }) => [run.id, ...codes(reasons)]).sort(),
    resume: resume.map(({ id }) => id).sort(),
    lookAgainAtMs,
  };
}

function shuffled<V>(map: ReadonlyMap<string, V>, order: readonly number[]): Map<string, V> {
  return new Map(
    [...map]
      .map((entry, i) => [order[i % order.length] ?? 0, entry] as const)
      .sort(([a], [b]) => a - b)
      .map(([, entry]) => entry),
  );
}
