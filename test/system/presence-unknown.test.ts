import { expect } from '@jest/globals';
import { join } from 'node:path';
import { pause } from '../../runtime/deadline.js';
import { installApp, versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { openStage } from '../support/stage.js';
import { enable, ended } from '../support/story.js';
import { countOf, reasonWith } from '../support/told.js';

/** Several times what the policy of the stage waits for anything. */
const WHILE_MS = 1_000;

sandboxTest('a machine that cannot tell whether a person is there runs nothing', async () => {
  const stage = openStage();
  try {
    const apps = installApp(join(stage.directory, 'apps'), '1.0.0');
    const running = await stage.start();
    const follower = stage.follow();
    await enable(running, await stage.bundle('program'), { apps });
    const reason = await reasonWith(running, 'PRESENCE_UNKNOWN');
    expect(reason.message).toContain('counts as present');
    await pause(WHILE_MS);
    expect(countOf(follower.facts, 'run.admitted')).toBe(0);

    await follower.report('away');
    await ended(follower, 'install', 'succeeded');
    expect(await versionOfApp(apps)).toBe('2.0.0');
  } finally {
    await stage.close();
  }
});
