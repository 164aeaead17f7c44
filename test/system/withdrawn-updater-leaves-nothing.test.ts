// An updater is withdrawn: after as long as policy says, nothing of what it kept on the machine is there
// any more. What it installed stays, and so does all that the journal knows of it.

import { expect } from '@jest/globals';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { leftovers, mountsBelow } from '../support/leftovers.js';
import { onStage } from '../support/stage.js';
import { auditIsWhole, enable, ended } from '../support/story.js';
import { countOf, until } from '../support/told.js';

const policy = { disk: { free_min_mb: 16, keep_withdrawn: '0s' } };

sandboxTest('what it kept is gone, and what it did is not', () =>
  onStage(
    async (stage, apps) => {
      const running = await stage.start();
      const follower = stage.follow();
      const bundle = await stage.bundle('program', { behaviour: { verify: 'works' } });
      await enable(running, bundle, { apps });
      await follower.report('away');
      await ended(follower, 'verify', 'succeeded');
      const updaters = join(stage.stateDir, 'plugin-host/updaters');
      const [home = ''] = readdirSync(updaters);
      writeFileSync(join(updaters, home, 'work/kept'), 'kept');
      await follower.report('engaged');

      await running.command(['updaters', 'remove', 'dev.lull.fixture']);
      await until('the end of what it kept', () =>
        readdirSync(updaters).length === 0 ? true : undefined,
      );
      expect(mountsBelow(updaters)).toEqual([]);
      expect(await versionOfApp(apps)).not.toBe('1.0.0');
      expect(countOf(follower.facts, 'content.installed')).toBe(1);
      expect(countOf(follower.facts, 'updater.withdrawn')).toBe(1);
      expect(await auditIsWhole(running)).toBe(true);
      await running.stop();
      expect(leftovers(stage)).toEqual([]);
    },
    { policy },
  ),
);
