// The three services as processes of their own: the main scenario is the same.

import { expect } from '@jest/globals';
import { versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { leftovers } from '../support/leftovers.js';
import { onStage } from '../support/stage.js';
import { auditIsWhole, enable, ended, factOf, noticed } from '../support/story.js';
import { reasonWith } from '../support/told.js';

const orders = [
  ['sensor-service', 'orchestrator', 'plugin-host'],
  ['plugin-host', 'orchestrator', 'sensor-service'],
] as const;

for (const order of orders) {
  sandboxTest(`started as ${order.join(', ')}: wait, scan, install, freeze, go on`, () =>
    onStage(async (stage, apps) => {
      const running = [];
      for (const part of order) running.push(await stage.start(['--only', part]));
      const [any] = running;
      if (any === undefined) throw new Error('nothing was started');
      const follower = stage.follow();
      await follower.report('engaged');
      await enable(any, await stage.bundle('program', { behaviour: { stagingMs: 2_000 } }), {
        apps,
      });
      // What its sensors say takes a moment to get from one process to the other.
      await reasonWith(any, 'PERSON_PRESENT');
      expect(follower.facts.map(({ kind }) => kind)).not.toContain('run.admitted');

      await follower.report('away');
      const { runId } = await noticed(follower, 'attempt 1 from step 0');
      await follower.report('engaged');
      const paused = await factOf(follower, 'run.paused', 'install');
      expect(paused.runId).toBe(runId);
      expect(paused['reasons']).toEqual(['PERSON_PRESENT']);
      expect(await versionOfApp(apps)).toBe('1.0.0');
      await follower.report('away');
      await factOf(follower, 'run.thawed', 'install');
      const end = await ended(follower, 'install', 'succeeded');
      expect(end.runId).toBe(runId);
      expect(await versionOfApp(apps)).toBe('2.0.0');
      expect(await auditIsWhole(any)).toBe(true);
      for (const each of running) await each.stop();
      expect(leftovers(stage)).toEqual([]);
    }),
  );
}
