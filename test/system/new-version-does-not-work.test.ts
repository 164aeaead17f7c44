// A new version that does not work, of an updater that cannot roll back: the host puts the version
// before back by itself, whatever becomes of the updater, and does not try that content again.

import { expect } from '@jest/globals';
import { versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { leftovers } from '../support/leftovers.js';
import { onStage } from '../support/stage.js';
import { actionOf, attemptsOf, auditIsWhole, enable, ended, outcomeOf } from '../support/story.js';
import { countOf, reasonWith } from '../support/told.js';

for (const [verify, code, attempts] of [
  ['fails', 'VERIFY_FAILED', [1]],
  ['crashes', 'UPDATER_CRASHED', [1, 2]],
  ['hangs', 'TIME_LIMIT', [1]],
] as const) {
  sandboxTest(`its verify ${verify}`, () =>
    onStage(async (stage, apps) => {
      const running = await stage.start();
      const follower = stage.follow();
      const manifest = {
        actions: ['install', 'verify'],
        limits: { memory_mb: 512, processes: 64, disk_mb: 64, run_s: 10 },
      };
      const bundle = await stage.bundle('program', { manifest, behaviour: { verify } });
      await enable(running, bundle, { apps });
      await follower.report('away');

      const reverted = await ended(follower, 'revert', 'succeeded');
      const verified = follower.facts.filter(
        (fact) => fact.kind === 'run.finished' && actionOf(follower.facts, fact.runId) === 'verify',
      );
      expect(verified.map((fact) => outcomeOf(fact).code)).toEqual(attempts.map(() => code));
      expect(attemptsOf(follower.facts, verified[0]?.runId)).toEqual(attempts);
      expect(await versionOfApp(apps)).toBe('1.0.0');
      const installs = follower.facts.filter(({ kind }) => kind === 'content.installed');
      expect(installs).toMatchObject([
        { reverted: false },
        { reverted: true, runId: reverted.runId },
      ]);

      // A scan finds the same version again.
      await running.command(['run-now', 'dev.lull.fixture']);
      await ended(follower, 'scan', 'succeeded');
      expect((await reasonWith(running, 'MARKED_BAD')).message).toContain('rolled back');
      expect(countOf(follower.facts, 'content.installed')).toBe(2);
      expect(await auditIsWhole(running)).toBe(true);
      await running.stop();
      expect(leftovers(stage)).toEqual([]);
    }),
  );
}
