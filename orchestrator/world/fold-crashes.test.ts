// However often an updater crashes, what is kept of it is bounded, and both ends of the row are there.

import { expect, test } from '@jest/globals';
import { emptyWorld } from './fold.js';
import { noteHowItEnded } from './fold-crashes.js';
import { admitted, at, enabled, failure, submitted, UPDATER, worldOf } from './history.testing.js';
import { copyOf } from './copy.js';
import { CRASHES_MAX, type Crash, type MutableWorld } from './world.js';

const known = worldOf(at(0, submitted(), enabled(), admitted('s', { kind: 'scan' })));
const crash = failure('TIME_LIMIT');
const answer = failure('APPLY_FAILED');

function crashesAfter(tell: (end: (outcome: typeof crash, atMs: number) => void) => void): Crash[] {
  const world: MutableWorld = copyOf(known);
  tell((outcome, atMs) => {
    noteHowItEnded(world, UPDATER, outcome, atMs);
  });
  return [...(world.updaters.get(UPDATER)?.crashes ?? [])];
}

test('an answer is noted with the crash before it, once, and a cancelled run is none', () => {
  const crashes = crashesAfter((end) => {
    end(answer, 1);
    end(crash, 2);
    end({ kind: 'cancelled', code: 'OPERATOR' }, 3);
    end(crash, 4);
    end({ kind: 'succeeded' }, 5);
    end(answer, 6);
  });
  expect(crashes).toEqual([
    { atMs: 2, answered: false },
    { atMs: 4, answered: true },
  ]);
});

test('one too many takes out the one in the middle, and neither the first nor the last', () => {
  const instants = (count: number) =>
    crashesAfter((end) => {
      for (let n = 0; n < count; n += 1) end(crash, n);
    }).map(({ atMs }) => atMs);
  const all = Array.from({ length: CRASHES_MAX }, (_, n) => n);
  expect(instants(CRASHES_MAX)).toEqual(all);
  const middle = CRASHES_MAX / 2;
  expect(instants(CRASHES_MAX + 1)).toEqual([...all.filter((n) => n !== middle), CRASHES_MAX]);
  expect(instants(1_000)).toHaveLength(CRASHES_MAX);
});

test('where the one that is taken out was answered, so is the one before it, and no other', () => {
  const middle = CRASHES_MAX / 2;
  const crashes = crashesAfter((end) => {
    for (let n = 0; n <= CRASHES_MAX; n += 1) {
      end(crash, n);
      if (n === middle) end(answer, n);
    }
  });
  const answered = crashes.filter((each) => each.answered).map(({ atMs }) => atMs);
  expect(answered).toEqual([middle - 1]);
});

test('how a run of nobody ended is noted nowhere', () => {
  const world = emptyWorld();
  noteHowItEnded(world, UPDATER, crash, 1);
  expect(world).toEqual(emptyWorld());
});
