// The updater crashes: the run is repeated under its id, so often and no more; nobody else is harmed.

import { expect } from '@jest/globals';
import { join } from 'node:path';
import type { Fact } from '../../harness/follow.grpc.js';
import { installApp, versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { leftovers } from '../support/leftovers.js';
import { onStage } from '../support/stage.js';
import {
  attemptsOf,
  auditIsWhole,
  enable,
  ended,
  outcomeOf,
  STEP_MS_MAX,
} from '../support/story.js';

const crash = (at: string, times: number) => ({ behaviour: { crash: { at, times } } });

for (const [step, action] of [
  ['before serving', 'scan'],
  ['in scan', 'scan'],
  ['after checkpoint', 'install'],
  ['after commit', 'install'],
] as const) {
  sandboxTest(`once, ${step}: the same run is repeated and succeeds`, () =>
    onStage(async (stage, apps) => {
      const running = await stage.start();
      const follower = stage.follow();
      await enable(running, await stage.bundle('program', crash(step, 1)), { apps });
      await follower.report('away');

      const crashed = await ended(follower, action, 'failed');
      expect(outcomeOf(crashed).code).toBe('UPDATER_CRASHED');
      expect(crashed['stderrTail']).toContain(`the fixture ends itself ${step}`);
      // Also what never served was executed, and the audit says what it was.
      const untilThen = follower.facts.slice(0, follower.facts.indexOf(crashed));
      const begun = untilThen.filter(
        ({ kind, runId }) => kind === 'run.started' && runId === crashed.runId,
      );
      expect(begun).toMatchObject([{ argv: [expect.stringMatching(/node$/), 'main.mjs'] }]);
      expect(begun.map((fact) => 'launchMs' in fact)).toEqual([step !== 'before serving']);
      const repeated = await ended(follower, action, 'succeeded');
      expect(repeated.runId).toBe(crashed.runId);
      expect(attemptsOf(follower.facts, crashed.runId)).toEqual([1, 2]);

      if (action === 'scan') await ended(follower, 'install', 'succeeded');
      expect(await versionOfApp(apps)).toBe('2.0.0');
      const installs = follower.facts.filter(({ kind }) => kind === 'content.installed');
      // I3: the audit may hear of one change twice after a crash; it is the same receipt then.
      expect(new Set(installs.map((fact) => fact['receiptId'])).size).toBe(1);
      const notices = follower.facts.filter(
        // What it says right before the crash may go down with it.
        (fact) => fact.kind === 'run.notice' && String(fact['message']).startsWith('attempt'),
      );
      if (step === 'after checkpoint') {
        expect(notices.map((fact) => fact['message'])).toEqual([
          'attempt 1 from step 0',
          'attempt 2 from step 10',
        ]);
      }
      expect(await auditIsWhole(running)).toBe(true);
      await running.stop();
      expect(leftovers(stage)).toEqual([]);
    }),
  );
}

sandboxTest(
  'at every attempt: it gets a rest after three, and the other updater is not held up',
  () =>
    onStage(async (stage, apps) => {
      const others = installApp(join(stage.directory, 'others'), '1.0.0');
      const running = await stage.start();
      const follower = stage.follow();
      await enable(running, await stage.bundle('program', crash('in perform', 1_000)), { apps });
      await enable(running, await stage.bundle('program', { id: 'dev.lull.other' }), {
        apps: others,
      });
      await follower.report('away');

      const last = await follower.fact(
        'the end of the third attempt at the install',
        (fact) =>
          fact.kind === 'run.finished' &&
          attemptsOf(follower.facts.slice(0, follower.facts.indexOf(fact)), fact.runId).length ===
            3,
        STEP_MS_MAX,
      );
      expect(outcomeOf(last).code).toBe('UPDATER_CRASHED');
      const installed = (fact: Fact): boolean =>
        fact.kind === 'content.installed' && fact['path'] === others;
      if (!follower.facts.some(installed)) {
        await follower.fact('the install of the other', installed, STEP_MS_MAX);
      }
      await follower.report('engaged');
      expect(attemptsOf(follower.facts, last.runId)).toEqual([1, 2, 3]);
      expect(await running.command(['explain'])).toContain('BREAKER_OPEN');
      expect(await versionOfApp(apps)).toBe('1.0.0');
      expect(await versionOfApp(others)).toBe('2.0.0');
      expect(await auditIsWhole(running)).toBe(true);
      await running.stop();
      expect(leftovers(stage)).toEqual([]);
    }),
);
