import { expect } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '../../runtime/deadline.js';
import { sandboxTest } from '../support/confinement.js';
import { noise, onNpmScene, programPackage, SCENE_MS_MAX } from '../support/npm-scene.js';
import { cpuTicks, isFrozen } from '../support/processes.js';
import type { Stage } from '../support/stage.js';
import { actionOf, ended, factOf } from '../support/story.js';
import { countOf, until } from '../support/told.js';

/** Enough for it to be found in the middle of them. */
const FILE_COUNT = 2_000;
const VISIT_MS = 1_000;

const many = Object.fromEntries(
  Array.from({ length: FILE_COUNT }, (_, at) => [`part-${String(at)}.txt`, noise(2_000)]),
);
const packages = [programPackage('hello', '1.0.0'), programPackage('hello', '2.0.0', many)];

sandboxTest(
  'the updater stands still while the person is there, and then the same run finishes',
  () =>
    onNpmScene({ packages }, async ({ follower, running, stage, add, versionOf }) => {
      await follower.report('away');
      await add();
      await until('the first files', () => unpackedCount(stage) > 0 || undefined);
      await follower.report('engaged');
      const paused = await factOf(follower, 'run.paused', 'install');
      expect(paused['reasons']).toEqual(['PERSON_PRESENT']);

      await until('it stands still', () => isFrozen(stage) || undefined);
      const before = { ticks: cpuTicks(stage), unpacked: unpackedCount(stage) };
      expect(before.ticks.size).toBeGreaterThan(0);
      await pause(VISIT_MS);
      expect({ ticks: cpuTicks(stage), unpacked: unpackedCount(stage) }).toEqual(before);
      expect(await versionOf('hello')).toBe('1.0.0');

      await follower.report('away');
      const thawed = await factOf(follower, 'run.thawed', 'install');
      expect(thawed.runId).toBe(paused.runId);
      const installed = await ended(follower, 'install', 'more_to_do');
      expect(installed.runId).toBe(paused.runId);
      await ended(follower, 'verify', 'succeeded');
      expect(await versionOf('hello')).toBe('2.0.0');

      const { facts } = follower;
      const afterwards = facts.slice(facts.indexOf(thawed));
      expect(countOf(afterwards, 'run.paused')).toBe(0);
      const installs = facts.filter(
        (fact) => fact.kind === 'run.admitted' && actionOf(facts, fact.runId) === 'install',
      );
      expect(installs.map(({ runId, attempt }) => ({ runId, attempt }))).toEqual([
        { runId: paused.runId, attempt: 1 },
      ]);
      const history = JSON.parse(await running.command(['--json', 'history'])) as object[];
      expect(history).toContainEqual(expect.objectContaining({ id: paused.runId, pauseCount: 1 }));
    }),
  SCENE_MS_MAX,
);

/** How many of the new version's files lie in the updater's work directory. */
function unpackedCount(stage: Stage): number {
  const updaters = join(stage.stateDir, 'plugin-host/updaters');
  try {
    return readdirSync(updaters, { recursive: true, encoding: 'utf8' }).filter((path) =>
      /part-\d+\.txt$/.test(path),
    ).length;
  } catch {
    return 0; // Something went away while we looked.
  }
}
