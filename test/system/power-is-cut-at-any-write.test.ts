// The power is cut at any write of the disk, in the middle of whatever it is.

import { expect } from '@jest/globals';
import { recordedDiskTest } from '../support/confinement.js';
import { cut, CUT_MS_MAX } from '../support/power-cut.spawn.js';

for (const [subject, imagesMin] of [
  ['install', 30],
  ['content', 20],
  ['checkpoint', 20],
  ['journal', 20],
  ['uids', 20],
  ['catalog', 20],
  ['root-record', 20],
] as const) {
  recordedDiskTest(
    `${subject} (seed 1)`,
    async () => {
      const { images, problems } = await cut(subject, 'any');
      expect(problems).toEqual([]);
      expect(images).toBeGreaterThan(imagesMin);
    },
    CUT_MS_MAX,
  );
}

recordedDiskTest('a program that forgets an fsync is caught here too', async () => {
  expect((await cut('careless', 'any')).problems).not.toEqual([]);
});
