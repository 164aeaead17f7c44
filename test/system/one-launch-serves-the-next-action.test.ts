import { expect } from '@jest/globals';
import { sandboxTest } from '../support/confinement.js';
import { updaterProcesses } from '../support/leftovers.js';
import { onNpmScene, programPackage, SCENE_MS_MAX } from '../support/npm-scene.js';
import { actionOf, ended } from '../support/story.js';
import { until } from '../support/told.js';

const packages = [programPackage('hello', '1.0.0'), programPackage('hello', '2.0.0')];
const ARGV = ['node', 'main.mjs'];

sandboxTest(
  'looked for, downloaded and installed by one launch, verified by another, and then none is left',
  () =>
    onNpmScene({ packages }, async ({ follower, stage, running, add, versionOf }) => {
      await follower.report('away');
      await add();
      await ended(follower, 'verify', 'succeeded');
      expect(await versionOf('hello')).toBe('2.0.0');
      // The digest covers the token, which is the launch's.
      const launches = follower.facts
        .filter(({ kind }) => kind === 'run.started')
        .map((fact) => [actionOf(follower.facts, fact.runId), fact['sandboxSha256']] as const);
      const [scan, download, install, verify] = launches.map(([, sha256]) => sha256);
      expect(launches.map(([action]) => action)).toEqual(['scan', 'download', 'install', 'verify']);
      expect([download, install]).toEqual([scan, scan]);
      expect(verify).not.toBe(scan);
      const executed = follower.facts.filter(({ kind }) => kind === 'run.started');
      expect(executed.map((fact) => fact['argv'])).toEqual(executed.map(() => ARGV));
      const [{ runId } = { runId: undefined }] = executed;
      expect(await running.command(['history', runId ?? ''])).toContain(`: ${ARGV.join(' ')}`);
      await until('its end', () => updaterProcesses(stage).length === 0 || undefined);
    }),
  SCENE_MS_MAX,
);
