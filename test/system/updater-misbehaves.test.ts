// Updaters that lie (T16), chatter (T17), fork and fill (T20, T21), try to get out (T3, T5, T6) and do not go: Lull believes what it saw, shows
// what it shows cleaned and cut, and ends what is to be ended; the installed program works.

import { expect } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { versionOfApp } from '../support/apps.js';
import { quotaTest, sandboxTest } from '../support/confinement.js';
import { leftovers, leftoversAfter, updaterProcesses } from '../support/leftovers.js';
import { onStage, type Stage } from '../support/stage.js';
import {
  auditIsWhole,
  enable,
  ended,
  noticed,
  outcomeOf,
  type JournalOutcome,
} from '../support/story.js';
import { countOf, until } from '../support/told.js';

/** Control characters, what turns a line round, and what stands for half a character. */
const obeyed = /(?![\n\u0080-\u009f])[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;
const LOG_BYTES_MAX = 2_000_000;
const GONE_MS_MAX = 60_000;
const WAYS_OUT = 15;

sandboxTest(
  'one that says it installed, and did not: nothing was seen, and nothing is claimed',
  () =>
    onStage(async (stage, apps) => {
      const running = await stage.start();
      const follower = stage.follow();
      await follower.report('away');
      await enable(running, await stage.bundle('misbehaving', { behaviour: { deed: 'lies' } }), {
        apps,
      });
      const end = await ended(follower, 'install', 'succeeded');
      expect(countOf(follower.facts, 'content.installed')).toBe(0);
      expect(await versionOfApp(apps)).toBe('1.0.0');
      const told = JSON.parse(await running.command(['--json', 'history'])) as unknown;
      expect(JSON.stringify(told)).not.toMatch(/Infinity|NaN/);
      // The next look finds it again: what it says counts for nothing there.
      await running.command(['run-now', 'dev.lull.fixture']);
      const again = await ended(follower, 'install', 'succeeded');
      expect(again.runId).not.toBe(end.runId);
      expect(await auditIsWhole(running)).toBe(true);
    }),
);

sandboxTest('one that chatters: everything is cut and cleaned, wherever it is shown', () =>
  onStage(async (stage, apps) => {
    const running = await stage.start();
    const follower = stage.follow();
    await follower.report('away');
    const behaviour = { deed: 'chatters' };
    await enable(running, await stage.bundle('misbehaving', { behaviour }), { apps });
    const { runId = '' } = await ended(follower, 'install', 'succeeded');
    expect(countOf(follower.facts, 'run.notice')).toBeLessThanOrEqual(100);
    for (const words of [['history'], ['history', runId], ['audit', 'log'], ['explain']]) {
      const said = await running.command(words);
      expect([words, obeyed.exec(said)?.[0]]).toEqual([words, undefined]);
    }
    expect(obeyed.exec(readFileSync(running.logFile, 'utf8'))?.[0]).toBeUndefined();
    expect(statSync(running.logFile).size).toBeLessThan(LOG_BYTES_MAX);
    expect(await auditIsWhole(running)).toBe(true);
  }),
);

sandboxTest(
  'one that forks into sessions of their own: stopped at its limit, and none is left',
  () =>
    onStage(async (stage, apps) => {
      const running = await stage.start();
      const follower = stage.follow();
      await follower.report('away');
      const behaviour = { deed: 'forks' };
      await enable(running, await stage.bundle('misbehaving', { behaviour }), { apps });
      await noticed(follower, 'it forks no further');
      await ended(follower, 'install', 'failed');
      await until('that none is left', () =>
        updaterProcesses(stage).length === 0 ? true : undefined,
      );
      expect(await versionOfApp(apps)).toBe('1.0.0');
      await running.stop();
      expect(leftovers(stage)).toEqual([]);
    }),
);

sandboxTest('one that hears no SIGTERM is gone all the same', () =>
  onStage(async (stage, apps) => {
    const running = await stage.start();
    const follower = stage.follow();
    await follower.report('away');
    const behaviour = { deed: 'stays' };
    await enable(running, await stage.bundle('misbehaving', { behaviour }), { apps });
    await noticed(follower, 'it stays');
    await running.stop();
    expect(await leftoversAfter(stage, GONE_MS_MAX)).toEqual([]);
    expect(await versionOfApp(apps)).toBe('1.0.0');
  }),
);

/** Of the fixture's manifest, and what the tables of its file system may take besides. */
const DISK_MB = 64;
const TABLES_MB = 96;
const WORK = 'plugin-host/updaters/61000';

async function fillingEnds(stage: Stage, apps: string): Promise<JournalOutcome> {
  const running = await stage.start();
  const follower = stage.follow();
  await follower.report('away');
  await enable(running, await stage.bundle('misbehaving', { behaviour: { deed: 'fills' } }), {
    apps,
  });
  const failed = await ended(follower, 'install', 'failed');
  expect(await running.command(['history'])).toContain('NO_SPACE');
  expect(countOf(follower.facts, 'content.installed')).toBe(0);
  expect(await versionOfApp(apps)).toBe('1.0.0');
  expect(await auditIsWhole(running)).toBe(true);
  await running.stop();
  return outcomeOf(failed);
}

quotaTest(
  'one that fills its directory ends at its limit, and the disk keeps its space (T20)',
  () =>
    onStage(async (stage, apps) => {
      const outcome = await fillingEnds(stage, apps);
      expect(outcome).toMatchObject({
        code: 'NO_SPACE',
        message: expect.stringContaining('ENOSPC'),
      });
      const du = execFileSync('du', ['-sm', join(stage.stateDir, WORK)], { encoding: 'utf8' });
      expect(Number.parseInt(du, 10)).toBeLessThan(DISK_MB + TABLES_MB);
      expect(leftovers(stage)).toEqual([]);
    }),
);

sandboxTest('one that fills a directory without a bound of its own is ended (T20)', () =>
  onStage(async (stage, apps) => {
    // What the operator mounted there is larger than the updater's limit.
    const workDir = join(stage.stateDir, WORK, 'work');
    mkdirSync(workDir, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256m', 'tmpfs', workDir]);
    try {
      expect(await fillingEnds(stage, apps)).toMatchObject({
        code: 'NO_SPACE',
        message: `it wrote more than the ${String(DISK_MB)} MB that it may keep`,
      });
    } finally {
      execFileSync('umount', [workDir]);
    }
  }),
);

sandboxTest(
  'one that tries to get out, in every way that it knows, gets nowhere (T3, T5, T6)',
  () =>
    onStage(async (stage, apps) => {
      const running = await stage.start();
      const follower = stage.follow();
      await follower.report('away');
      const sockets = readdirSync(stage.runDir).filter((name) => name.endsWith('.sock'));
      expect(sockets.length).toBeGreaterThan(1);
      const bait = [
        stage.directory,
        stage.policyFile,
        ...sockets.map((name) => join(stage.runDir, name)),
      ];
      const behaviour = { deed: 'escapes', bait };
      await enable(running, await stage.bundle('misbehaving', { behaviour }), { apps });
      await ended(follower, 'install', 'succeeded');
      const notices = follower.facts.filter(({ kind }) => kind === 'run.notice');
      const said = notices.map((fact) => String(fact['message']));
      expect(said).toHaveLength(WAYS_OUT + bait.length);
      expect(said.filter((line) => !line.endsWith(': no'))).toEqual([]);
      expect(await versionOfApp(apps)).toBe('1.0.0');
      expect(await auditIsWhole(running)).toBe(true);
    }),
);
