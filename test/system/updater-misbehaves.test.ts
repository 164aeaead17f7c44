// Updaters that lie (T16), chatter (T17), fork (T20, T21) and do not go: Lull believes what it saw, shows
// what it shows cleaned and cut, and ends what is to be ended; the installed program works.

import { expect } from '@jest/globals';
import { readFileSync, statSync } from 'node:fs';
import { versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { leftovers, leftoversAfter, updaterProcesses } from '../support/leftovers.js';
import { onStage } from '../support/stage.js';
import { auditIsWhole, enable, ended, noticed } from '../support/story.js';
import { countOf, until } from '../support/told.js';

/** Control characters, what turns a line round, and what stands for half a character. */
const obeyed = /(?![\n\u0080-\u009f])[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;
const LOG_BYTES_MAX = 2_000_000;
const GONE_MS_MAX = 60_000;

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
    await ended(follower, 'install', 'succeeded');
    expect(countOf(follower.facts, 'run.notice')).toBeLessThanOrEqual(100);
    for (const words of [['history'], ['audit', 'show'], ['updates'], ['explain']]) {
      const said = await running.command(words).catch((error: unknown) => String(error));
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
