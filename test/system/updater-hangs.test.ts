// The updater hangs, or never serves: its control group is killed, and the journal says why.

import { expect } from '@jest/globals';
import { versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { leftovers, updaterProcesses } from '../support/leftovers.js';
import { onStage } from '../support/stage.js';
import { auditIsWhole, enable, ended, factOf, outcomeOf } from '../support/story.js';

/** The shortest that a manifest may ask for. */
const limits = { memory_mb: 512, processes: 64, disk_mb: 64, run_s: 10 };
/** A second attempt would only take time. */
const policy = { retry: { first: '1h', install: '1h', give_up: '1h' } };

for (const [how, busy] of [
  ['with its processor going round', true],
  ['without an answer', false],
] as const) {
  sandboxTest(
    `in an install, ${how}: killed when its time is up, unlike by Chromium's updater`,
    () =>
      onStage(
        async (stage, apps) => {
          const running = await stage.start();
          const follower = stage.follow();
          const behaviour = { hang: { at: 'in perform', busy } };
          const file = await stage.bundle('program', { behaviour, manifest: { limits } });
          await enable(running, file, { apps });
          await follower.report('away');
          await factOf(follower, 'run.started', 'install');
          expect(updaterProcesses(stage)).not.toEqual([]);

          const end = await ended(follower, 'install', 'failed');
          expect(outcomeOf(end)).toMatchObject({
            code: 'TIME_LIMIT',
            message: 'it ran for the 10 s that it may',
          });
          // `finished` comes after everything of the run was closed.
          expect(updaterProcesses(stage)).toEqual([]);
          expect(end['stderrTail']).toContain('the fixture hangs in perform');
          expect(await versionOfApp(apps)).toBe('1.0.0');
          expect(await auditIsWhole(running)).toBe(true);
          await running.stop();
          expect(leftovers(stage)).toEqual([]);
        },
        { policy },
      ),
  );
}

for (const [how, busy] of [
  ['busy for ever', true],
  ['asleep for ever', false],
] as const) {
  sandboxTest(`before it serves, ${how}: NEVER_SERVED, with what it said last`, () =>
    onStage(
      async (stage, apps) => {
        const running = await stage.start();
        const follower = stage.follow();
        const behaviour = { hang: { at: 'before serving', busy } };
        await enable(running, await stage.bundle('program', { behaviour }), { apps });
        await follower.report('away');

        const end = await ended(follower, 'scan', 'failed');
        expect(outcomeOf(end).code).toBe('NEVER_SERVED');
        expect(end['stderrTail']).toContain('the fixture hangs before serving');
        expect(updaterProcesses(stage)).toEqual([]);
        expect(await auditIsWhole(running)).toBe(true);
        await running.stop();
        expect(leftovers(stage)).toEqual([]);
      },
      { policy },
    ),
  );
}
