// The runs that one updater may start in a minute: what counts, and what `decide` makes of it.

import { expect, test, describe } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import {
  admitted,
  at,
  enabled,
  failure,
  finished,
  found,
  interrupted,
  NOW_MS,
  perform,
  submitted,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
  type Dated,
} from '../world/history.testing.js';
import { decide } from './decide.js';
import { hostWith, offering } from './offering.testing.js';

const scan = { kind: 'scan' } as const;
const a = updateOf('a');
const FIRST_WAY_STEPS = 7;

/** So many steps of one update, each done. */
function steps(count: number): Fact[] {
  return Array.from({ length: count }, (_, n) => [
    admitted(`s${String(n)}`, perform(a)),
    finished(`s${String(n)}`, { kind: 'more_to_do', nextAction: 'download' }),
  ]).flat();
}

describe('what counts', () => {
  test.each<[string, Fact[], number]>([
    ['a scan', [admitted('r', scan)], 1],
    ['the first step of an update: not', [admitted('r', perform(a))], 0],
    ['as many steps as there are actions: not', steps(FIRST_WAY_STEPS), 0],
    ['one more', [...steps(FIRST_WAY_STEPS), admitted('r', perform(a))], 1],
    [
      'a run that is taken up again',
      [admitted('r', perform(a)), interrupted('r'), admitted('r', perform(a))],
      1,
    ],
    [
      'a step that failed before',
      [
        admitted('r', perform(a)),
        finished('r', failure('APPLY_FAILED')),
        admitted('s', perform(a)),
      ],
      1,
    ],
    ['a run of an update that is not there', [admitted('r', perform(updateOf('b')))], 1],
  ])('%s', (_what, facts, count) => {
    const known = [submitted(), enabled(), found([a])];
    const world = worldOf(at(1, ...known, ...facts));
    expect(world.updaters.get(UPDATER)?.admissionsAtMs).toHaveLength(count);
  });
});

function planAfter(dated: Dated[], policy = trustingPolicy, nowMs = NOW_MS) {
  return decide(worldOf(dated), hostWith(), policy, nowMs);
}

test('an updater that goes round in a circle twenty times within a minute waits for the rest of it', () => {
  const dated = [...offering([a]), ...at(NOW_MS - 30_000, ...steps(FIRST_WAY_STEPS + 20))];
  const waits = planAfter(dated).waiting.find(({ subject }) => subject.state !== undefined);
  expect(waits?.reasons.map(({ code }) => code)).toEqual(['QUOTA']);
  expect(planAfter(dated, { ...trustingPolicy, runsPerMinuteMax: 21 }).admit).toHaveLength(1);
  expect(planAfter(dated, trustingPolicy, NOW_MS + 30_000).admit).toHaveLength(1);
});

test('after forty updates that were downloaded, installed and verified within a minute comes the next', () => {
  const others = Array.from({ length: 40 }, (_, n) => updateOf(`u${String(n)}`));
  const way = ['download', 'install', 'verify'] as const;
  const done = others.flatMap((update) =>
    way.flatMap((action, step) => {
      const id = `${update.id}-${action}`;
      const nextAction = way[step + 1];
      return [
        admitted(id, perform({ ...update, nextAction: action })),
        finished(id, nextAction ? { kind: 'more_to_do', nextAction } : { kind: 'succeeded' }),
      ];
    }),
  );
  const { admit } = planAfter([...offering([a, ...others]), ...at(NOW_MS - 30_000, ...done)]);
  expect(admit.map(({ subject }) => subject.state?.update.id)).toEqual(['a']);
});
