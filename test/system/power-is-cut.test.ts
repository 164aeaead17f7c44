// The power is cut at every step of what has to survive it, and at any write of the disk, on an ext4 of
// the test's own: the old is there or the new, whole; and what was promised is there.

import { describe, expect } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { diskTest, natsDiskTest, recordedDiskTest } from '../support/confinement.js';

const rig = fileURLToPath(new URL('../power-cut/main.js', import.meta.url));
/** A minute or two; several times that beside other tests. */
const RIG_MS_MAX = 600_000;
const TEST_MS_MAX = RIG_MS_MAX + 30_000;
/** Of what the kernel had written by itself at each step; the first is tried of everything. */
const SEEDS = ['1', '2', '3'] as const;

/** As the rig prints it. */
interface Report {
  readonly images: number;
  readonly problems: readonly string[];
}

async function cut(subject: string, syncs: string, seed: string = SEEDS[0]): Promise<Report> {
  const args = [rig, subject, syncs, seed];
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
    ['chance', `some of it is on the disk (seed ${SEEDS[0]})`],
  ] as const) {
    diskTest(
      `when ${words}`,
      async () => {
        const { images, problems } = await cut(subject, syncs);
        expect(problems).toEqual([]);
        expect(images).toBeGreaterThan(imagesMin);
      },
      TEST_MS_MAX,
    );
  }
});

describe('the journal on JetStream', () => {
  for (const [syncs, words] of [
    ['names', 'the names of everything are on the disk, and of its content what was asked for'],
    ['everything', 'everything is on the disk'],
    ['chance', `some of it is on the disk (seed ${SEEDS[0]})`],
  ] as const) {
    natsDiskTest(
      `acknowledged and lost: nothing, when ${words}`,
      async () => {
        const { images, problems } = await cut('jetstream', syncs);
        expect(problems).toEqual([]);
        expect(images).toBeGreaterThan(12);
      },
      TEST_MS_MAX,
    );
  }

  natsDiskTest('a server that syncs now and then is caught', async () => {
    expect((await cut('careless-jetstream', 'names')).problems).not.toEqual([]);
  });
});

for (const seed of SEEDS.slice(1)) {
  for (const subject of ['install', 'content']) {
    diskTest(
      `${subject}, by other chances (seed ${seed})`,
      async () => {
        const { images, problems } = await cut(subject, 'chance', seed);
        expect(problems).toEqual([]);
        expect(images).toBeGreaterThan(15);
      },
      TEST_MS_MAX,
    );
  }
}

describe('at any write of the disk, in the middle of whatever it is', () => {
  for (const [subject, imagesMin] of [
    ['install', 30],
    ['content', 20],
    ['checkpoint', 20],
    ['journal', 20],
  ] as const) {
    recordedDiskTest(
      `${subject} (seed ${SEEDS[0]})`,
      async () => {
        const { images, problems } = await cut(subject, 'any');
        expect(problems).toEqual([]);
        expect(images).toBeGreaterThan(imagesMin);
      },
      TEST_MS_MAX,
    );
  }

  recordedDiskTest('a program that forgets an fsync is caught here too', async () => {
    expect((await cut('careless', 'any')).problems).not.toEqual([]);
  });
});

diskTest('a program that forgets an fsync is caught, so that the others could be', async () => {
  expect((await cut('careless', 'names')).problems).not.toEqual([]);
});
