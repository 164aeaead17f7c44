import { expect } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, statfsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sandboxTest } from '../support/confinement.js';
import { noise, onNpmScene, programPackage, SCENE_MS_MAX } from '../support/npm-scene.js';
import { auditIsWhole, ended, outcomeOf } from '../support/story.js';
import { countOf, reasonWith } from '../support/told.js';

const packages = [
  programPackage('hello', '1.0.0'),
  programPackage('hello', '2.0.0', { 'pictures.txt': noise(3_000_000) }),
];
/** Long enough to be asked about. */
const retry = { first: '10s', install: '10s', give_up: '60s' };
/** Room for the updater's plan, and none for what it unpacks. */
const LEFT_BYTES = 1_500_000;
/** The first uid that updaters are given names the directory of the first updater. */
const WORK = 'plugin-host/updaters/61000/work';

sandboxTest(
  'an installation that finds the disk full waits until there is space again',
  () =>
    onNpmScene(
      { packages, policy: { retry } },
      async ({ follower, running, stage, add, versionOf }) => {
        const workDir = join(stage.stateDir, WORK);
        mkdirSync(workDir, { recursive: true });
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', workDir]);
        try {
          const { bavail, bsize } = statfsSync(workDir);
          const ballast = join(workDir, 'ballast');
          await writeFile(ballast, Buffer.alloc(bavail * bsize - LEFT_BYTES, 1));
          await follower.report('away');
          await add();
          const failed = await ended(follower, 'install', 'failed');
          expect(outcomeOf(failed)).toMatchObject({ code: 'NO_SPACE', retry: true });
          expect((await reasonWith(running, 'RETRY_LATER')).message).toContain('NO_SPACE');
          expect(countOf(follower.facts, 'content.installed')).toBe(0);
          expect(await versionOf('hello')).toBe('1.0.0');

          await rm(ballast);
          await ended(follower, 'verify', 'succeeded');
          expect(await versionOf('hello')).toBe('2.0.0');
          expect(await auditIsWhole(running)).toBe(true);
          await running.stop();
        } finally {
          await running.stop();
          execFileSync('umount', [workDir]);
        }
      },
    ),
  SCENE_MS_MAX,
);
