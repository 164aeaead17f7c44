import { describe, expect, test } from '@jest/globals';
import { spent } from '../runs/run.js';
import {
  admitted,
  at,
  enabled,
  finished,
  found,
  interrupted,
  paused,
  started,
  submitted,
  thawed,
  updateOf,
  worldOf,
  type Dated,
} from './history.testing.js';

const scan = { kind: 'scan' } as const;
const known = [submitted(), enabled(), found([updateOf('a')])];

describe('how long a run took', () => {
  const course: Dated[] = [
    ...at(100, ...known, admitted('r', scan)),
    ...at(110, started('r')),
    ...at(150, paused('r', 'X')),
    ...at(450, thawed('r')),
    ...at(460, interrupted('r')),
    ...at(900, admitted('r', scan, { epoch: 2, attempt: 2 })),
    ...at(905, started('r')),
  ];

  test('is what it ran and what it was held, over its attempts, without its starts and waits', () => {
    const run = worldOf(course).runs.get('r');
    expect(run).toMatchObject({ ranMs: 50, heldMs: 300 });
    expect(run && spent(run, 1_005)).toEqual({ ranMs: 150, heldMs: 300 });
    const done = worldOf([...course, ...at(1_000, finished('r', { kind: 'succeeded' }))]);
    const [ended] = done.history;
    expect(ended).toMatchObject({ ranMs: 145, heldMs: 300 });
    expect(ended && spent(ended, 9_999)).toEqual({ ranMs: 145, heldMs: 300 });
  });

  test('is not less than nothing where the clock was set back', () => {
    const run = worldOf([...course, ...at(1, paused('r', 'X'))]).runs.get('r');
    expect(run && spent(run, 0)).toEqual({ ranMs: 50, heldMs: 300 });
  });

  test('is told with where its entries begin and end, and with why it was cut short', () => {
    const run = worldOf(course.slice(0, 8)).runs.get('r');
    expect(run).toMatchObject({
      ...{ firstSequence: 4, lastSequence: 8 },
      phase: { kind: 'interrupted', code: 'HOST_LOST', message: 'it went away' },
    });
  });
});
