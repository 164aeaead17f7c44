// The power is cut at every step of what has to survive it, on an ext4 of the test's own: the old is
// there or the new, whole; and what was promised is there.

import { describe, expect } from '@jest/globals';
import { diskTest } from '../support/confinement.js';
import { cut, CUT_MS_MAX, syncs } from '../support/power-cut.spawn.js';

describe.each([
  ['an install root', 'install', 60],
  ['the store of downloads', 'content', 20],
  ['a checkpoint', 'checkpoint', 15],
  ['the ids of updaters', 'uids', 20],
  ['the store of bundles', 'catalog', 20],
  ['the record of a root', 'root-record', 5],
  ['the journal', 'journal', 40],
])('%s', (_what, subject, imagesMin) => {
  for (const [sync, words] of syncs) {
    diskTest(
      `when ${words}`,
      async () => {
        const { images, problems } = await cut(subject, sync);
        expect(problems).toEqual([]);
        expect(images).toBeGreaterThan(imagesMin);
      },
      CUT_MS_MAX,
    );
  }
});

diskTest('a program that forgets an fsync is caught, so that the others could be', async () => {
  expect((await cut('careless', 'names')).problems).not.toEqual([]);
});
