// An updater that was accepted until an instant: what is over is over, whatever the clock says afterwards (T11).

import { expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import {
  admitted,
  at,
  enabled,
  finished,
  NOW_MS,
  perform,
  started,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
  type Dated,
} from '../world/history.testing.js';
import { decide } from './decide.js';
import { hostWith, HOUR_MS, offering } from './offering.testing.js';
import type { Plan } from './plan.js';

const untilMs = NOW_MS + HOUR_MS;
const limited: Fact = { ...enabled(), untilMs } as Fact;
const step = updateOf('a', { nextAction: 'install' });

/** Accepted for a time a moment before now, with an update that it offers. */
function history(...more: readonly Dated[]): Dated[] {
  return [
    ...at(NOW_MS - 3 * HOUR_MS, limited),
    ...offering([step]),
    ...at(NOW_MS, limited),
    ...more,
  ];
}

function planAt(nowMs: number, dated: readonly Dated[]): Plan {
  return decide(worldOf(dated), hostWith(), trustingPolicy, nowMs);
}

function expired(plan: Plan): string[] {
  const codes = plan.waiting.filter(({ reasons }) =>
    reasons.some(({ code }) => code === 'ACCEPTANCE_EXPIRED'),
  );
  return codes.map(({ subject }) => subject.key).sort();
}

const all = [UPDATER, `${UPDATER} a`];
const wanted: Fact = { kind: 'run.demanded', updaterId: UPDATER, updateId: 'a', actor: 'operator' };
const elsewhere: Fact = { kind: 'run.notice', runId: 'x', message: 'it is late' };

test('until then it begins, and from then on nothing of it does, also for who wants it now', () => {
  expect(expired(planAt(untilMs - 1, history()))).toEqual([]);
  expect(expired(planAt(untilMs, history()))).toEqual(all);
  const plan = planAt(untilMs + HOUR_MS, history(...at(untilMs, wanted)));
  expect(expired(plan)).toEqual(all);
  expect(plan.admit.map(({ subject }) => subject.updater.id)).not.toContain(UPDATER);
});

test('a clock that is set back prolongs nothing, until an operator accepts it by the clock of then', () => {
  const late = history(...at(untilMs, elsewhere));
  const set: Fact = { kind: 'clock.set', byMs: -10 * HOUR_MS };
  const back = [...late, ...at(NOW_MS - 9 * HOUR_MS, set)];
  expect(expired(planAt(NOW_MS - 9 * HOUR_MS, back))).toEqual(all);
  const again = [...back, ...at(NOW_MS - 8 * HOUR_MS, limited)];
  expect(expired(planAt(NOW_MS - 8 * HOUR_MS, again))).toEqual([]);
});

test('what its publisher brings meanwhile, and policy accepts, turns no time back', () => {
  const byPolicy: Fact = { ...limited, actor: 'policy' } as Fact;
  const back = history(...at(untilMs, elsewhere), ...at(NOW_MS - HOUR_MS, byPolicy));
  expect(expired(planAt(NOW_MS - HOUR_MS, back))).toEqual(all);
});

test('a run that is under way ends as it ends', () => {
  const run = [admitted('r', perform(step)), started('r')];
  const plan = planAt(untilMs + 1_000, history(...at(untilMs - 1_000, ...run)));
  expect(plan.stop).toEqual([]);
});

test('what it has installed is verified all the same', () => {
  const more = { kind: 'more_to_do', nextAction: 'verify' } as const;
  const run = [admitted('r', perform(step)), started('r'), finished('r', more)];
  const plan = planAt(untilMs + HOUR_MS, history(...at(untilMs - 1_000, ...run)));
  expect(expired(plan)).toEqual([UPDATER]);
});
