import { expect } from '@jest/globals';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installApp, versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { updaterProcesses } from '../support/leftovers.js';
import { openStage } from '../support/stage.js';
import { enable, ended, factOf, outcomeOf } from '../support/story.js';
import { countOf, reasonsNow } from '../support/told.js';

interface PolicyText {
  readonly publishers: readonly { readonly name: string }[];
}

sandboxTest('a publisher that is taken out of the policy has nothing that runs on', async () => {
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

    const policy = JSON.parse(readFileSync(stage.policyFile, 'utf8')) as PolicyText;
    const publishers = policy.publishers.filter(({ name }) => name !== 'lull');
    const next = join(stage.directory, 'next.yaml');
    writeFileSync(next, JSON.stringify({ ...policy, publishers }));
    renameSync(next, stage.policyFile);
    expect(outcomeOf(await ended(follower, 'install', 'cancelled'))).toMatchObject({
      code: 'PUBLISHER_UNKNOWN',
    });
    expect(updaterProcesses(stage)).toEqual([]);
    expect(await versionOfApp(apps)).toBe('1.0.0');
    const changed = follower.facts.find(({ kind }) => kind === 'policy.changed');
    expect(changed).toMatchObject({ distrusted: ['dev.lull.fixture'] });
    const reasons = await reasonsNow(running);
    expect(reasons.map(({ code }) => code)).toContain('PUBLISHER_UNKNOWN');
    expect(await running.command(['updaters'])).toContain('distrusted');
    expect(countOf(follower.facts, 'content.installed')).toBe(0);

    writeFileSync(next, JSON.stringify(policy));
    renameSync(next, stage.policyFile);
    await factOf(follower, 'run.started', 'install');
  } finally {
    await stage.close();
  }
});
