// The plugin-host is killed -9 in the middle of an installation: no updater survives it, the old
// version goes on working, and the next plugin-host finishes the same run.

import { expect } from '@jest/globals';
import type { Follower } from '../../harness/follow.grpc.js';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { leftoversAfterKill, processesAfterKill, updaterProcesses } from '../support/leftovers.js';
import { onStage, type Stage } from '../support/stage.js';
import {
  attemptsOf,
  auditIsWhole,
  enable,
  ended,
  factOf,
  noticed,
  STEP_MS_MAX,
} from '../support/story.js';

const behaviour = { stagingMs: 4_000 };

async function kill(lull: RunningLull): Promise<void> {
  process.kill(lull.pid, 'SIGKILL');
  await lull.exited;
}

/** Nobody restarts anything meanwhile: it is the reaper that ends them. */
async function expectReaped(stage: Stage): Promise<void> {
  // Not by the stage's directory: of three processes two go on.
  const ofUpdaters = { ...stage, directory: '/nonexistent' };
  expect(await processesAfterKill(ofUpdaters)).toEqual([]);
  expect(updaterProcesses(stage)).toEqual([]);
}

async function expectFinished(follower: Follower, runId: string | undefined): Promise<void> {
  const end = await ended(follower, 'install', 'succeeded');
  expect(end.runId).toBe(runId);
  expect(attemptsOf(follower.facts, runId)).toEqual([1, 2]);
  const installs = follower.facts.filter(({ kind }) => kind === 'content.installed');
  expect(installs.map((fact) => fact.runId)).toEqual([runId]);
}

sandboxTest('all of Lull, after a checkpoint: the run goes on from there', () =>
  onStage(async (stage, apps) => {
    const first = await stage.start();
    const before = stage.follow();
    await enable(first, await stage.bundle('program', { behaviour }), { apps });
    await before.report('away');
    const { runId } = await noticed(before, 'checkpoint at step 10');
    expect(updaterProcesses(stage)).not.toEqual([]);
    await kill(first);
    expect(await versionOfApp(apps)).toBe('1.0.0');
    await expectReaped(stage);

    const second = await stage.start();
    const after = stage.follow();
    await after.report('away');
    await noticed(after, 'attempt 2 from step 10');
    expect(await versionOfApp(apps)).toBe('1.0.0');
    await expectFinished(after, runId);
    expect(await versionOfApp(apps)).toBe('2.0.0');
    expect(await auditIsWhole(second)).toBe(true);
    await second.stop();
    expect(await leftoversAfterKill(stage)).toEqual([]);
  }),
);

sandboxTest('all of Lull, while the updater is frozen: a frozen one does not survive either', () =>
  onStage(async (stage, apps) => {
    const first = await stage.start();
    const before = stage.follow();
    await enable(first, await stage.bundle('program', { behaviour }), { apps });
    await before.report('away');
    await noticed(before, 'attempt 1 from step 0');
    await before.report('engaged');
    const { runId } = await factOf(before, 'run.paused', 'install');
    await kill(first);
    expect(await versionOfApp(apps)).toBe('1.0.0');
    await expectReaped(stage);

    const second = await stage.start();
    const after = stage.follow();
    await after.report('away');
    await expectFinished(after, runId);
    expect(await versionOfApp(apps)).toBe('2.0.0');
    expect(await auditIsWhole(second)).toBe(true);
    await second.stop();
    expect(await leftoversAfterKill(stage)).toEqual([]);
  }),
);

sandboxTest('the plugin-host of three processes: the others go on, and it is taken back', () =>
  onStage(async (stage, apps) => {
    const sensors = await stage.start(['--only', 'sensor-service']);
    const orchestrator = await stage.start(['--only', 'orchestrator']);
    const host = await stage.start(['--only', 'plugin-host']);
    const follower = stage.follow();
    await enable(orchestrator, await stage.bundle('program', { behaviour }), { apps });
    await follower.report('away');
    const { runId } = await noticed(follower, 'checkpoint at step 10');
    await kill(host);
    expect(await versionOfApp(apps)).toBe('1.0.0');
    await expectReaped(stage);
    expect(JSON.parse(await orchestrator.command(['--json', 'status']))).toBeInstanceOf(Object);

    const next = await stage.start(['--only', 'plugin-host']);
    await follower.fact(
      'the run is known to be cut',
      (fact) => fact.kind === 'run.interrupted' && fact['code'] === 'HOST_LOST',
      STEP_MS_MAX,
    );
    await noticed(follower, 'attempt 2 from step 10');
    await expectFinished(follower, runId);
    expect(await versionOfApp(apps)).toBe('2.0.0');
    expect(await auditIsWhole(orchestrator)).toBe(true);
    for (const each of [next, orchestrator, sensors]) await each.stop();
    expect(await leftoversAfterKill(stage)).toEqual([]);
  }),
);
