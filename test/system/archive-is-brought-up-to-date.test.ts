import { expect } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startPublisher } from '../../updaters/archive/testing/publisher.http.js';
import { sandboxTest } from '../support/confinement.js';
import { packUpdater } from '../support/pack-updater.js';
import { openStage } from '../support/stage.js';
import { enable, ended, factOf, outcomeOf } from '../support/story.js';
import { endsOf, reasonWith } from '../support/told.js';

sandboxTest(
  'a program that its makers publish as an archive is installed and brought up to date; a broken version is put back',
  async () => {
    const makers = await startPublisher();
    const stage = openStage({ isFleet: false });
    const root = join(stage.directory, 'apps/tool');
    const said = (): string => execFileSync(join(root, 'bin/tool'), { encoding: 'utf8' }).trim();
    try {
      mkdirSync(join(stage.directory, 'apps'));
      await makers.publish('1.0.0', 'echo 1.0.0');
      const running = await stage.start();
      const follower = stage.follow();
      await follower.report('away');
      const settings = { ...makers.settings, root, key: 'none' };
      await enable(running, await packUpdater(stage, 'archive'), settings);
      await ended(follower, 'verify', 'succeeded');
      expect(said()).toBe('1.0.0');

      await makers.publish('1.1.0', 'echo 1.1.0');
      await running.command(['run-now', 'dev.lull.archive']);
      await ended(follower, 'verify', 'succeeded');
      expect(said()).toBe('1.1.0');
      // The files lie on another server than the one that lists them, and both were granted.
      const came = follower.facts.filter(({ kind }) => kind === 'content.downloaded');
      expect(came.flatMap(({ redirects }) => redirects)).toContain(
        `${makers.settings.redirect}tool-1.1.0-linux.tar.gz?signed=1`,
      );

      await makers.publish('1.2.0', '<html>');
      await running.command(['run-now', 'dev.lull.archive']);
      const failed = await ended(follower, 'verify', 'failed');
      expect(outcomeOf(failed)).toMatchObject({ code: 'VERIFY_FAILED' });
      expect(await factOf(follower, 'content.installed', 'revert')).toMatchObject({
        reverted: true,
      });
      await ended(follower, 'rollback', 'succeeded');
      expect(said()).toBe('1.1.0');
      const gaveUp = await reasonWith(running, 'MARKED_BAD');
      expect(gaveUp.message).toContain('bin/tool of 1.2.0 does not start');

      const update = ['download more_to_do', 'install more_to_do', 'verify succeeded'];
      expect(endsOf(follower.facts)).toEqual([
        ...['scan succeeded', ...update, 'scan succeeded', ...update, 'scan succeeded'],
        ...['download more_to_do', 'install more_to_do', 'verify failed VERIFY_FAILED'],
        ...['revert succeeded', 'rollback succeeded'],
      ]);
    } finally {
      await stage.close();
      await makers.close();
    }
  },
);
