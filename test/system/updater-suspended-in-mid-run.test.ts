import { expect } from '@jest/globals';
import { join } from 'node:path';
import { installApp, versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { leftoversAfter, updaterProcesses } from '../support/leftovers.js';
import { openStage } from '../support/stage.js';
import { enable, ended, factOf, outcomeOf } from '../support/story.js';
import { countOf, reasonsNow } from '../support/told.js';

sandboxTest('a suspended updater is stopped in mid-run, and nothing of it is left', async () => {
  const stage = openStage();
  try {
    const apps = installApp(join(stage.directory, 'apps'), '1.0.0');
    const running = await stage.start();
    const follower = stage.follow();
    await follower.report('away');
    const file = await stage.bundle('program', { behaviour: { stagingMs: 20_000 } });
    await enable(running, file, { apps });
    await factOf(follower, 'run.started', 'install');
    expect(updaterProcesses(stage).length).toBeGreaterThan(0);

    await running.command(['updaters', 'suspend', 'dev.lull.fixture', '--why', 'it is too loud']);
    const stopped = await ended(follower, 'install', 'cancelled');
    expect(outcomeOf(stopped)).toMatchObject({ code: 'UPDATER_SUSPENDED' });
    expect(updaterProcesses(stage)).toEqual([]);
    expect(await versionOfApp(apps)).toBe('1.0.0');
    const reasons = await reasonsNow(running);
    expect(reasons.map(({ code }) => code)).toContain('UPDATER_SUSPENDED');
    expect(reasons.map(({ message }) => message).join()).toContain('it is too loud');
    expect(countOf(follower.facts, 'content.installed')).toBe(0);
    await running.stop();
    expect(await leftoversAfter(stage, 5_000)).toEqual([]);
  } finally {
    await stage.close();
  }
});
