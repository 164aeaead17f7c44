// An ordinary user, with user ids to give away and a control group that is delegated to it, starts Lull:
// updates run, and stand still when somebody comes back. How strongly it confines is told as it is.

import { expect } from '@jest/globals';
import { chownSync, lstatSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { versionOfApp } from '../support/apps.js';
import { crunTest, ordinaryUserTest } from '../support/confinement.js';
import { onNpmScene, programPackage, SCENE_MS_MAX } from '../support/npm-scene.js';
import { asOrdinaryUser, type OrdinaryUser } from '../support/ordinary-user.js';
import { leftovers, leftoversAfterKill } from '../support/leftovers.js';
import { onStage, type Stage } from '../support/stage.js';
import { auditIsWhole, enable, ended, factOf, noticed, outcomeOf } from '../support/story.js';
import { until } from '../support/told.js';

/** What limits there are depends on what the machine can delegate. */
const policy = { confinement: 'loose' };

function controllersOf({ groupDir }: OrdinaryUser): string[] {
  return readFileSync(join(groupDir, 'cgroup.controllers'), 'utf8').trim().split(' ');
}

/** The group of a process, as the machine shows it. */
function groupOf(pid: number, { groupDir }: OrdinaryUser): string {
  const path = /^0::(.*)$/m.exec(readFileSync(`/proc/${String(pid)}/cgroup`, 'utf8'))?.[1] ?? '';
  return join(groupDir, '..', path);
}

ordinaryUserTest('an update is frozen while somebody is there, and then ends well', () =>
  frozenAndThenWell('runc'),
);

crunTest('with crun as well', () => frozenAndThenWell('crun'));

async function frozenAndThenWell(ociRuntime: string): Promise<void> {
  await asOrdinaryUser((user) =>
    onStage(
      async (stage, apps) => {
        const running = await user.start(stage, ['--oci-runtime', ociRuntime]);
        const follower = stage.follow();
        const behaviour = { stagingMs: 2_000 };
        await enable(running, await stage.bundle('program', { behaviour }), { apps });
        await follower.report('away');
        await noticed(follower, 'attempt 1 from step 0');
        await follower.report('engaged');
        const paused = await factOf(follower, 'run.paused', 'install');
        expect(paused['reasons']).toEqual(['PERSON_PRESENT']);
        const groups = [...new Set(user.updaters().map((pid) => groupOf(pid, user)))];
        expect(groups).toHaveLength(1);
        expect(groups[0]?.startsWith(user.groupDir)).toBe(true);
        const events = join(groups[0] ?? '', 'cgroup.events');
        await until(
          'its group is frozen',
          () => readFileSync(events, 'utf8').includes('frozen 1') || undefined,
        );

        await follower.report('away');
        const thawed = await factOf(follower, 'run.thawed', 'install');
        expect(thawed['cpuUsWhileFrozen']).toBe(0);
        await ended(follower, 'install', 'succeeded');
        expect(await versionOfApp(apps)).toBe('2.0.0');
        // It belongs to whoever started Lull, and to nobody that they gave an id to.
        expect(statSync(join(apps, 'bin/hello')).uid).toBe(user.uid);
        expect(await auditIsWhole(running)).toBe(true);
        await running.stop();
        expect(user.processes()).toEqual([]);
        expect(user.updaters()).toEqual([]);
        expect(leftovers(stage)).toEqual([]);
      },
      { policy },
    ),
  );
}

ordinaryUserTest('"lull host" tells the level, and what does not hold', () =>
  asOrdinaryUser((user) =>
    onStage(
      async (stage) => {
        const running = await user.start(stage);
        const told = await until('the level', async () => {
          const host = await running.command(['host']);
          return host.includes('confinement') ? host : undefined;
        });
        const limits = ['memory', 'pids', 'cpu'].map((each) =>
          controllersOf(user).includes(each) ? 'denied' : 'allowed',
        );
        const [memory, pids, cpu] = limits;
        const level = limits.includes('allowed') ? 'loose' : 'confined';
        expect(told).toContain(`confinement ${level}, runc version`);
        expect(told).toContain(', without root, control groups v2');
        const trials = new Map(
          told
            .trimEnd()
            .split('\n')
            .slice(1)
            .map((line) => line.trim().split(/\s+/) as [string, string]),
        );
        for (const [name, result] of trials) {
          const expected = { memory, processes: pids, throttle: cpu, disk: 'allowed' }[name];
          expect([name, result]).toEqual([name, expected ?? 'denied']);
        }
        expect(trials.size).toBe(17);
      },
      { policy },
    ),
  ),
);

ordinaryUserTest(
  'the npm updater updates a program from its registry',
  () =>
    asOrdinaryUser((user) =>
      onNpmScene(
        {
          packages: [programPackage('hello', '1.0.0'), programPackage('hello', '1.1.0')],
          policy,
          start: (stage) => user.start(stage),
        },
        async ({ follower, add, versionOf }) => {
          await follower.report('away');
          await add();
          await ended(follower, 'verify', 'succeeded');
          expect(await versionOf('hello')).toBe('1.1.0');
        },
      ),
    ),
  SCENE_MS_MAX,
);

ordinaryUserTest('what somebody else installed stays as it is, and the reason says so', () =>
  asOrdinaryUser((user) =>
    onStage(
      async (stage, apps) => {
        const running = await user.start(stage);
        chownSync(apps, 0, 0);
        const follower = stage.follow();
        await enable(running, await stage.bundle('program'), { apps });
        await follower.report('away');
        const end = await ended(follower, 'install', 'failed');
        expect(outcomeOf(end).code).toBe('APPLY_FAILED');
        expect(outcomeOf(end).message).toMatch(/not permitted|permission denied|EACCES|EPERM/);
        expect(await versionOfApp(apps)).toBe('1.0.0');
        expect(lstatSync(apps).isDirectory()).toBe(true);
      },
      { policy },
    ),
  ),
);

/** A Lull with an install on that is busy and does not end by itself. */
async function inMidRun(user: OrdinaryUser, stage: Stage, apps: string): Promise<RunningLull> {
  const running = await user.start(stage);
  const follower = stage.follow();
  const behaviour = { hang: { at: 'in perform', busy: true } };
  await enable(running, await stage.bundle('program', { behaviour }), { apps });
  await follower.report('away');
  await factOf(follower, 'run.started', 'install');
  return running;
}

ordinaryUserTest('killed in mid-run: nothing of it runs on, and the next start goes well', () =>
  asOrdinaryUser((user) =>
    onStage(
      async (stage, apps) => {
        const running = await inMidRun(user, stage, apps);
        expect(user.updaters()).not.toEqual([]);
        process.kill(running.pid, 'SIGKILL');
        await until('nobody of it', () => user.processes().length === 0 || undefined);
        expect(user.updaters()).toEqual([]);

        const again = await user.start(stage);
        await until('the level', async () =>
          (await again.command(['host'])).includes('confinement') ? true : undefined,
        );
        await again.stop();
        expect(await leftoversAfterKill(stage)).toEqual([]);
      },
      { policy },
    ),
  ),
);

ordinaryUserTest('its plugin-host is killed: updaters end with it, and Lull says so and ends', () =>
  asOrdinaryUser((user) =>
    onStage(
      async (stage, apps) => {
        const running = await inMidRun(user, stage, apps);
        const inside = user
          .processes()
          .filter((pid) =>
            readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').includes('--delegated-group'),
          );
        expect(inside).toHaveLength(1);
        process.kill(inside[0] ?? 0, 'SIGKILL');
        expect(await running.exited).toBe(1);
        expect(readFileSync(running.logFile, 'utf8')).toContain('lull: the plugin-host has ended');
        await until('nobody of it', () => user.processes().length === 0 || undefined);
        expect(user.updaters()).toEqual([]);
      },
      { policy },
    ),
  ),
);
