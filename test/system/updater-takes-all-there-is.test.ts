// An updater that takes all there is (T20): it is refused at its limit, and goes on trying. Meanwhile Lull
// answers, its guard freezes the run when somebody comes, and what is ended leaves nothing. How late a
// program of the person's gets its turn is measured by the benchmark `attack`.

import { expect } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { Follower } from '../../harness/follow.grpc.js';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { versionOfApp } from '../support/apps.js';
import { quotaTest, sandboxTest } from '../support/confinement.js';
import { leftovers, updaterProcesses } from '../support/leftovers.js';
import { onStage, type Stage } from '../support/stage.js';
import { auditIsWhole, enable, ended, factOf, noticed, outcomeOf } from '../support/story.js';
import { until } from '../support/told.js';

/** As the manifest of fixtures has them. */
const PROCESSES_MAX = 64;
const MEMORY_BYTES_MAX = 512 * 1024 * 1024;

async function startGreedy(
  stage: Stage,
  apps: string,
  greed: string,
): Promise<{ running: RunningLull; follower: Follower }> {
  const running = await stage.start();
  const follower = stage.follow();
  await follower.report('away');
  const bundle = await stage.bundle('greedy', { behaviour: { greed } });
  await enable(running, bundle, { apps });
  return { running, follower };
}

for (const [greed, refusal] of [
  ['processes', 'EAGAIN'],
  ['files', 'EMFILE'],
  ['names', 'ENOSPC'],
  ['disk', 'ENOSPC'],
] as const) {
  const testHere = greed === 'disk' ? quotaTest : sandboxTest;
  testHere(
    `one that takes all ${greed} stops at its limit, freezes like any other, and leaves nothing`,
    () =>
      onStage(async (stage, apps) => {
        const { running, follower } = await startGreedy(stage, apps, greed);
        await noticed(follower, `refused: ${refusal}`);
        expectWithinLimits(stage);
        expect(await running.command(['status'])).toContain('dev.lull.fixture');

        await follower.report('engaged');
        const paused = await factOf(follower, 'run.paused', 'install');
        expect(paused['reasons']).toContain('PERSON_PRESENT');
        await follower.report('away');
        const thawed = await factOf(follower, 'run.thawed', 'install');
        expect(thawed['cpuUsWhileFrozen']).toBe(0);

        await running.command(['pause-all', '--for', '1h', '--why', 'enough']);
        await ended(follower, 'install', 'cancelled');
        await expectNothingLeft(stage, running, apps);
      }),
  );
}

sandboxTest('one that takes all memory is ended by itself, and Lull goes on', () =>
  onStage(async (stage, apps) => {
    const { running, follower } = await startGreedy(stage, apps, 'memory');
    const end = await ended(follower, 'install', 'failed');
    expect(outcomeOf(end)).toMatchObject({ code: 'UPDATER_CRASHED' });
    expect(await running.command(['status'])).toContain('dev.lull.fixture');
    // Repeated, it does the same.
    await follower.report('engaged');
    await expectNothingLeft(stage, running, apps);
  }),
);

function expectWithinLimits(stage: Stage): void {
  const pids = updaterProcesses(stage);
  expect(pids.length).toBeGreaterThan(0);
  expect(pids.length).toBeLessThanOrEqual(PROCESSES_MAX);
  const bytes = pids.map(ownBytesOf).reduce((sum, each) => sum + each, 0);
  expect(bytes).toBeLessThanOrEqual(MEMORY_BYTES_MAX);
}

async function expectNothingLeft(stage: Stage, running: RunningLull, apps: string): Promise<void> {
  expect(await auditIsWhole(running)).toBe(true);
  await running.stop();
  await until('that none is left', () => updaterProcesses(stage).length === 0);
  expect(leftovers(stage)).toEqual([]);
  expect(await versionOfApp(apps)).toBe('1.0.0');
}

/** What nobody shares with it; 0 for one that has ended meanwhile. */
function ownBytesOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    return Number(/^RssAnon:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
