import { expect } from '@jest/globals';
import { join } from 'node:path';
import { pause } from '../../runtime/deadline.js';
import { installApp, versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { isFrozen } from '../support/processes.js';
import { openStage } from '../support/stage.js';
import { attemptsOf, auditIsWhole, enable, ended, factOf } from '../support/story.js';
import { countOf, until } from '../support/told.js';
import { killPart, startPart } from '../support/three-processes.js';

/** So that nothing is on its way between the two. */
const QUIET_MS = 500;

sandboxTest(
  'the run stands still without its orchestrator and goes on with the next one',
  async () => {
    const stage = openStage();
    try {
      const apps = installApp(join(stage.directory, 'apps'), '1.0.0');
      await startPart(stage, 'sensor-service');
      const first = await startPart(stage, 'orchestrator');
      await startPart(stage, 'plugin-host');
      const before = stage.follow();
      await before.report('away');
      const file = await stage.bundle('program', { behaviour: { stagingMs: 6_000 } });
      await enable(first, file, { apps });
      const { runId } = await factOf(before, 'run.notice', 'install');
      await pause(QUIET_MS);
      await killPart(first);

      await until('a frozen updater', () => isFrozen(stage) || undefined);
      expect(await versionOfApp(apps)).toBe('1.0.0');

      const second = await startPart(stage, 'orchestrator');
      const after = stage.follow();
      const paused = await factOf(after, 'run.paused', 'install');
      expect(paused).toMatchObject({ runId, reasons: ['LEASE_LOST'] });
      await factOf(after, 'run.thawed', 'install');
      const done = await ended(after, 'install', 'succeeded');
      expect(done.runId).toBe(runId);
      expect(await versionOfApp(apps)).toBe('2.0.0');
      expect(attemptsOf(after.facts, runId)).toEqual([1]);
      for (const kind of ['run.started', 'run.finished', 'content.installed']) {
        expect([kind, countOf(after.facts, kind, runId)]).toEqual([kind, 1]);
      }
      expect(await auditIsWhole(second)).toBe(true);
    } finally {
      await stage.close();
    }
  },
);
