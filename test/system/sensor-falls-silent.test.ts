import { describe, expect } from '@jest/globals';
import { join } from 'node:path';
import type { Follower } from '../../harness/follow.grpc.js';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { installApp, versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { isFrozen } from '../support/processes.js';
import { openStage, type Stage } from '../support/stage.js';
import { enable, ended, factOf } from '../support/story.js';
import { countOf } from '../support/told.js';
import { killPart, startPart } from '../support/three-processes.js';

describe('the sensor-service falls silent while a run is on', () => {
  sandboxTest('stopped: the run stands still until it is heard again', () =>
    onThreeProcesses(async ({ stage, sensor, follower, apps }) => {
      await factOf(follower, 'run.started', 'install');
      process.kill(sensor.pid, 'SIGSTOP');
      try {
        const paused = await factOf(follower, 'run.paused', 'install');
        expect(paused['reasons']).toContain('PRESENCE_UNKNOWN');
        expect(isFrozen(stage)).toBe(true);
        expect(await versionOfApp(apps)).toBe('1.0.0');
      } finally {
        process.kill(sensor.pid, 'SIGCONT');
      }
      await finishes(follower, apps);
    }),
  );

  sandboxTest('killed: the run stands still until a new one hears that nobody is there', () =>
    onThreeProcesses(async ({ stage, sensor, follower, apps }) => {
      await factOf(follower, 'run.started', 'install');
      await killPart(sensor);
      const paused = await factOf(follower, 'run.paused', 'install');
      expect(paused['reasons']).toContain('PRESENCE_UNKNOWN');
      expect(isFrozen(stage)).toBe(true);
      await startPart(stage, 'sensor-service');
      const again = stage.follow();
      expect(countOf(follower.facts, 'run.thawed', paused.runId)).toBe(0);
      await again.report('away');
      await finishes(follower, apps);
    }),
  );
});

async function finishes(follower: Follower, apps: string): Promise<void> {
  await factOf(follower, 'run.thawed', 'install');
  const { runId } = await ended(follower, 'install', 'succeeded');
  expect(await versionOfApp(apps)).toBe('2.0.0');
  const { facts } = follower;
  expect(countOf(facts, 'run.admitted', runId)).toBe(1);
  expect(countOf(facts, 'content.installed', runId)).toBe(1);
  // Permission to go on is asked for and given when it can be used, not time and again.
  expect(countOf(facts, 'run.resumed', runId)).toBeLessThanOrEqual(3);
}

interface Scene {
  readonly stage: Stage;
  readonly sensor: RunningLull;
  readonly follower: Follower;
  readonly apps: string;
}

/** Three processes, nobody there, and an updater whose installation takes a while. */
async function onThreeProcesses(play: (scene: Scene) => Promise<void>): Promise<void> {
  const stage = openStage();
  try {
    const apps = installApp(join(stage.directory, 'apps'), '1.0.0');
    const sensor = await startPart(stage, 'sensor-service');
    const orchestrator = await startPart(stage, 'orchestrator');
    await startPart(stage, 'plugin-host');
    const follower = stage.follow();
    await follower.report('away');
    const file = await stage.bundle('program', { behaviour: { stagingMs: 3_000 } });
    await enable(orchestrator, file, { apps });
    await play({ stage, sensor, follower, apps });
  } finally {
    await stage.close();
  }
}
