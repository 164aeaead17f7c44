import { expect } from '@jest/globals';
import { sandboxTest } from '../support/confinement.js';
import { updaterProcesses } from '../support/leftovers.js';
import { onNpmScene, programPackage, SCENE_MS_MAX } from '../support/npm-scene.js';
import { actionOf, ended } from '../support/story.js';
import { until } from '../support/told.js';

const packages = [programPackage('hello', '1.0.0'), programPackage('hello', '2.0.0')];
const ARGV = ['node', 'main.mjs'];

sandboxTest(
  'looked for, downloaded, installed and verified by one launch, and then none is left',
  () =>
    onNpmScene({ packages }, async ({ follower, stage, running, add, versionOf }) => {
      await follower.report('away');
      await add();
      await ended(follower, 'scan', 'succeeded');
      const first = updaterProcesses(stage);
      await ended(follower, 'verify', 'succeeded');
      const lingering = updaterProcesses(stage);
      expect(lingering).toHaveLength(1);
      expect(first).toEqual(expect.arrayContaining(lingering));
      expect(await versionOf('hello')).toBe('2.0.0');
      const launches = follower.facts
        .filter(({ kind }) => kind === 'run.started')
        .map((fact) => [actionOf(follower.facts, fact.runId), fact['sandboxSha256']] as const);
      const [scan, download, install, verify] = launches.map(([, sha256]) => sha256);
      expect(launches.map(([action]) => action)).toEqual(['scan', 'download', 'install', 'verify']);
      expect([download, install, verify]).toEqual([scan, scan, scan]);
      const executed = follower.facts.filter(({ kind }) => kind === 'run.started');
      expect(executed.map((fact) => fact['argv'])).toEqual(executed.map(() => ARGV));
      const [{ runId } = { runId: undefined }] = executed;
      expect(await running.command(['history', runId ?? ''])).toContain(`: ${ARGV.join(' ')}`);
      await until('its end', () => updaterProcesses(stage).length === 0 || undefined);
    }),
  SCENE_MS_MAX,
);
