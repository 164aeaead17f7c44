// The updater describes itself as another one than its signed manifest does.

import { expect } from '@jest/globals';
import { versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { leftovers } from '../support/leftovers.js';
import { onStage } from '../support/stage.js';
import { attemptsOf, auditIsWhole, enable, ended, outcomeOf } from '../support/story.js';

sandboxTest('it is asked nothing further, and nothing of it is believed', () =>
  onStage(
    async (stage, apps) => {
      const running = await stage.start();
      const follower = stage.follow();
      const behaviour = { claims: 'dev.lull.npm' };
      await enable(running, await stage.bundle('program', { behaviour }), { apps });
      await follower.report('away');

      const end = await ended(follower, 'scan', 'failed');
      expect(outcomeOf(end)).toMatchObject({
        code: 'CONTRACT_BROKEN',
        message:
          'it describes itself as dev.lull.npm 1.0.0, its manifest as dev.lull.fixture 1.0.0',
      });
      expect(attemptsOf(follower.facts, end.runId)).toEqual([1]);
      expect(follower.facts.map(({ kind }) => kind)).not.toContain('scan.found');
      expect(await versionOfApp(apps)).toBe('1.0.0');
      expect(await auditIsWhole(running)).toBe(true);
      await running.stop();
      expect(leftovers(stage)).toEqual([]);
    },
    { policy: { retry: { first: '1h' } } },
  ),
);
