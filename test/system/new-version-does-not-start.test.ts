import { expect } from '@jest/globals';
import { sandboxTest } from '../support/confinement.js';
import { onNpmScene, programPackage, SCENE_MS_MAX } from '../support/npm-scene.js';
import { ended, factOf, outcomeOf } from '../support/story.js';
import { endsOf, reasonWith } from '../support/told.js';

const broken = {
  ...programPackage('hello', '2.0.0'),
  files: { 'cli.js': '#!/usr/bin/env node\nrequire("not-there");\n' },
};
const packages = [programPackage('hello', '1.0.0'), broken];

sandboxTest(
  'a new version that does not start is rolled back and shown as given up',
  () =>
    onNpmScene({ packages }, async ({ follower, running, add, versionOf }) => {
      await follower.report('away');
      await add();
      const failed = await ended(follower, 'verify', 'failed');
      expect(outcomeOf(failed)).toMatchObject({ code: 'VERIFY_FAILED' });
      // The host puts it back; the updater's own rollback comes after that.
      const reverted = await factOf(follower, 'content.installed', 'revert');
      expect(reverted).toMatchObject({ reverted: true });
      await ended(follower, 'rollback', 'succeeded');
      expect(await versionOf('hello')).toBe('1.0.0');

      const gaveUp = await reasonWith(running, 'MARKED_BAD');
      expect(gaveUp.message).toContain('rolled back');
      expect(gaveUp.message).toContain('not-there');
      expect(endsOf(follower.facts)).toEqual([
        ...['scan succeeded', 'download more_to_do', 'install more_to_do'],
        ...['verify failed VERIFY_FAILED', 'revert succeeded', 'rollback succeeded'],
      ]);
    }),
  SCENE_MS_MAX,
);
