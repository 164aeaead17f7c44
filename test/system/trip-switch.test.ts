// The trip switch: what runs stops within a second, nothing starts, also after a restart, until it is
// released. Then the work is done from its beginning.

import { expect } from '@jest/globals';
import { versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { leftovers, updaterProcesses } from '../support/leftovers.js';
import { onStage } from '../support/stage.js';
import { auditIsWhole, enable, ended, factOf, outcomeOf } from '../support/story.js';
import { countOf, reasonsNow } from '../support/told.js';

sandboxTest('the trip switch stops an install, holds over a restart, and lets go', () =>
  onStage(async (stage, apps) => {
    let running = await stage.start();
    let follower = stage.follow();
    await follower.report('away');
    const behaviour = { stagingMs: 8_000 };
    await enable(running, await stage.bundle('program', { behaviour }), { apps });
    await factOf(follower, 'run.started', 'install');

    await running.command(['pause-all', '--for', '1h', '--why', 'a storm']);
    const stopped = await ended(follower, 'install', 'cancelled');
    expect(outcomeOf(stopped)).toMatchObject({ code: 'TRIPPED' });
    expect(updaterProcesses(stage)).toEqual([]);

    await running.stop();
    running = await stage.start();
    follower = stage.follow();
    await follower.report('away');
    const reasons = await reasonsNow(running);
    expect(reasons.map(({ code }) => code)).toContain('TRIPPED');
    expect(reasons.map(({ message }) => message).join()).toContain('a storm');
    expect(countOf(follower.facts, 'content.installed')).toBe(0);
    expect(await versionOfApp(apps)).toBe('1.0.0');

    await running.command(['resume-all']);
    await ended(follower, 'install', 'succeeded');
    expect(await versionOfApp(apps)).toBe('2.0.0');
    expect(await auditIsWhole(running)).toBe(true);
    await running.stop();
    expect(leftovers(stage)).toEqual([]);
  }),
);
