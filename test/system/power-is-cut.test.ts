// The power is cut at every step of what has to survive it, on an ext4 of the test's own: the old is
// there or the new, whole; and what was promised is there.

import { describe, expect } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { diskTest } from '../support/confinement.js';

const rig = fileURLToPath(new URL('../power-cut/main.js', import.meta.url));
const RIG_MS_MAX = 240_000;
const SEED = '1';

/** As the rig prints it. */
interface Report {
  readonly images: number;
  readonly problems: readonly string[];
}

async function cut(subject: string, syncs: string): Promise<Report> {
  const args = [rig, subject, syncs, SEED];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: RIG_MS_MAX });
  return JSON.parse(stdout) as Report;
}

describe.each([
  ['an install root', 'install', 60],
  ['the store of downloads', 'content', 20],
  ['a checkpoint', 'checkpoint', 15],
  ['the journal', 'journal', 40],
])('%s', (_what, subject, imagesMin) => {
  for (const [syncs, words] of [
    ['names', 'the names of everything are on the disk, and of its content what was asked for'],
    ['everything', 'everything is on the disk'],
    ['chance', `some of it is on the disk (seed ${SEED})`],
  ] as const) {
    diskTest(`when ${words}`, async () => {
      const { images, problems } = await cut(subject, syncs);
      expect(problems).toEqual([]);
      expect(images).toBeGreaterThan(imagesMin);
    });
  }
});

diskTest('a program that forgets an fsync is caught, so that the others could be', async () => {
  expect((await cut('careless', 'names')).problems).not.toEqual([]);
});
