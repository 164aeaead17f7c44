// Threads for whole trees, for tests.

import { afterAll } from '@jest/globals';
import { systemClock } from '../../runtime/clock.js';
import { openTrees, type Trees } from './trees.loop.js';

/** For all tests of a file, and closed after them. */
export function treesOfFile(): Trees {
  const trees = openTrees({ clock: systemClock });
  afterAll(() => trees.close());
  return trees;
}
