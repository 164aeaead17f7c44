// Ctrl-C, whatever Lull is doing: no process, mount, control group, socket or directory of a sandbox
// is left, the old version works, and the next start finishes the update.

import { expect } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { Follower } from '../../harness/follow.grpc.js';
import { pause } from '../../runtime/deadline.js';
import { versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { leftovers, updaterProcesses } from '../support/leftovers.js';
import { startHaltingSource, type HaltingSource } from '../support/source.http.js';
import { besideOthers, onStage, type Stage } from '../support/stage.js';
import { auditIsWhole, enable, ended, factOf, noticed } from '../support/story.js';

const settings = [
  { name: 'apps', kind: 'path', why: 'the application that is kept up to date' },
  { name: 'source', kind: 'url', why: 'where it comes from' },
];
const CONTENT_BYTES = 256 * 1024;

const up = (stage: Stage): string[] => ['up', '--policy', stage.policyFile, ...besideOthers];

interface Moment {
  readonly when: string;
  readonly come: (follower: Follower, source: HaltingSource) => Promise<unknown>;
}

const moments: readonly Moment[] = [
  {
    when: 'a scan has been admitted',
    come: (follower) => factOf(follower, 'run.admitted', 'scan'),
  },
  { when: 'it scans', come: (follower) => factOf(follower, 'run.started', 'scan') },
  {
    when: 'it downloads',
    come: async (follower, source) => {
      await factOf(follower, 'run.started', 'download');
      await source.halted();
    },
  },
  {
    when: 'an install has been admitted',
    come: async (follower, source) => {
      source.goOn();
      await factOf(follower, 'run.admitted', 'install');
    },
  },
  {
    when: 'it installs',
    come: async (follower, source) => {
      source.goOn();
      await noticed(follower, 'checkpoint at step 10');
    },
  },
  {
    when: 'its updater is frozen',
    come: async (follower, source) => {
      source.goOn();
      await noticed(follower, 'attempt 1 from step 0');
      await follower.report('engaged');
      await factOf(follower, 'run.paused', 'install');
    },
  },
];

for (const { when, come } of moments) {
  sandboxTest(`when ${when}`, () =>
    onStage(async (stage, apps) => {
      const content = randomBytes(CONTENT_BYTES);
      const source = await startHaltingSource(() => content);
      try {
        const behaviour = { scanMs: 1_500, stagingMs: 3_000, download: source.file('file') };
        const manifest = { settings, fetch: ['{source}'] };
        const file = await stage.bundle('program', { behaviour, manifest });

        const lull = stage.spawn(up(stage));
        expect(await lull.said(' is up')).toBe(true);
        const pairs = [`apps=${apps}`, `source=${source.url}`];
        await stage.say(['updaters', 'add', file, '--enable', '--set', ...pairs]);
        const follower = stage.follow();
        await follower.report('away');
        await come(follower, source);
        lull.kill('SIGINT');
        const said = await lull.ended;
        // Where it is not 0, what it said last tells why.
        expect([said.code ?? said.signal, said.stderr]).toEqual([0, expect.anything()]);
        expect(said.stdout).toContain('stopping');
        expect(leftovers(stage)).toEqual([]);
        expect(await versionOfApp(apps)).toBe('1.0.0');

        source.goOn();
        const running = await stage.start();
        const after = stage.follow();
        await after.report('away');
        await ended(after, 'install', 'succeeded');
        expect(await versionOfApp(apps)).toBe('2.0.0');
        // Being stopped is nobody's failure.
        const failures = after.facts.filter(
          (fact) => (fact['outcome'] as { kind?: string } | undefined)?.kind === 'failed',
        );
        expect(failures).toEqual([]);
        expect(await auditIsWhole(running)).toBe(true);
        await running.stop();
        expect(leftovers(stage)).toEqual([]);
      } finally {
        await source.close();
      }
    }),
  );
}

sandboxTest('while it starts, at one instant after the other', () =>
  onStage(async (stage, apps) => {
    // It is up after 300 to 900 ms; before Node.js listens the signal itself ends the process.
    for (const afterMs of [0, 40, 80, 120, 160, 200, 250, 300, 350, 400, 500, 600, 800]) {
      const lull = stage.spawn(up(stage));
      await pause(afterMs);
      lull.kill('SIGINT');
      const { code, signal } = await lull.ended;
      expect([afterMs, code ?? signal]).toEqual([afterMs, signal === 'SIGINT' ? 'SIGINT' : 0]);
      expect([afterMs, ...leftovers(stage)]).toEqual([afterMs]);
    }
    const running = await stage.start();
    await enable(running, await stage.bundle('program'), { apps });
    const follower = stage.follow();
    await follower.report('away');
    await ended(follower, 'install', 'succeeded');
    expect(await auditIsWhole(running)).toBe(true);
    await running.stop();
    expect(leftovers(stage)).toEqual([]);
  }),
);

sandboxTest('twice, by somebody in a hurry: what the first had no time for, the reaper does', () =>
  onStage(async (stage, apps) => {
    const lull = stage.spawn(up(stage));
    expect(await lull.said(' is up')).toBe(true);
    const file = await stage.bundle('program', { behaviour: { stagingMs: 5_000 } });
    await stage.say(['updaters', 'add', file, '--enable', '--set', `apps=${apps}`]);
    const follower = stage.follow();
    await follower.report('away');
    await noticed(follower, 'attempt 1 from step 0');
    lull.kill('SIGINT');
    lull.kill('SIGINT');
    await lull.ended;
    for (let looks = 0; looks < 100 && updaterProcesses(stage).length > 0; looks += 1) {
      await pause(100);
    }
    expect(updaterProcesses(stage)).toEqual([]);
    expect(await versionOfApp(apps)).toBe('1.0.0');
    const running = await stage.start();
    const after = stage.follow();
    await after.report('away');
    await ended(after, 'install', 'succeeded');
    expect(await versionOfApp(apps)).toBe('2.0.0');
    await running.stop();
    expect(leftovers(stage)).toEqual([]);
  }),
);
