// The plugin-host is killed -9 after a Commit that nobody has heard of, and the updater is withdrawn before
// its run is repeated: the audit says what was changed all the same.

import { expect } from '@jest/globals';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SteppingPlan } from '../fixtures/stepping.js';
import { versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { runNow } from '../support/crash/operator.js';
import { leftoversAfterKill } from '../support/leftovers.js';
import { onStage } from '../support/stage.js';
import { auditIsWhole, enable, ended, factOf, STEP_MS_MAX } from '../support/story.js';
import { killPart, startPart } from '../support/three-processes.js';
import { countOf, until } from '../support/told.js';

const ID = 'dev.lull.fixture';
const manifest = { actions: ['uninstall'] };
/** Its first action commits, and is held right before that. */
const plan: SteppingPlan = {
  ...{ to: '2.0.0', halts: ['tree staged'], first: 'uninstall', works: true },
  download: { url: 'http://127.0.0.1/', sha256: '', sizeBytes: 0 },
};

sandboxTest('what a dead host had committed is told at its next start', () =>
  onStage(async (stage, apps) => {
    const sensors = await startPart(stage, 'sensor-service');
    const first = await startPart(stage, 'orchestrator');
    const host = await startPart(stage, 'plugin-host');
    const before = stage.follow();
    await enable(first, await stage.bundle('stepping', { manifest }), { apps });
    await before.report('away');
    await ended(before, 'scan', 'succeeded');
    const updaters = join(stage.stateDir, 'plugin-host/updaters');
    const work = join(
      updaters,
      readdirSync(updaters).find((name) => /^\d+$/.test(name)) ?? '',
      'work',
    );
    writeFileSync(join(work, 'plan.json'), JSON.stringify(plan));
    await runNow(stage, ID);
    const { runId } = await factOf(before, 'run.started', 'uninstall');
    await until('a staged tree', () => readdirSync(work).includes('at-tree-staged'));

    await killPart(first);
    writeFileSync(join(work, 'go-tree-staged'), '');
    await until('the new version', async () => (await versionOfApp(apps)) === '2.0.0');
    await killPart(host);
    before.close();

    const second = await startPart(stage, 'orchestrator');
    const after = stage.follow();
    await second.command(['updaters', 'remove', ID]);
    const next = await startPart(stage, 'plugin-host');
    const told = await after.fact(
      'what was committed',
      ({ kind }) => kind === 'content.installed',
      STEP_MS_MAX,
    );
    expect(told).toMatchObject({ runId, reverted: false, changes: [{ path: 'bin/hello' }] });
    expect(countOf(after.facts, 'updater.withdrawn')).toBe(1);
    expect(countOf(after.facts, 'run.admitted', runId)).toBe(1); // It was not repeated.
    expect(countOf(after.facts, 'content.installed')).toBe(1);
    expect(await second.command(['history', runId ?? ''])).toContain(`installed in ${apps}`);
    expect(await auditIsWhole(second)).toBe(true);
    for (const part of [next, second, sensors]) await part.stop();
    expect(await leftoversAfterKill(stage)).toEqual([]);
  }),
);
