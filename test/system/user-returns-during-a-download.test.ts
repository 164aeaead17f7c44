import { expect } from '@jest/globals';
import { sandboxTest } from '../support/confinement.js';
import { noise, onNpmScene, programPackage, SCENE_MS_MAX } from '../support/npm-scene.js';
import { ended, factOf } from '../support/story.js';
import { until } from '../support/told.js';

const packages = [
  programPackage('hello', '1.0.0'),
  programPackage('hello', '2.0.0', { 'pictures.txt': noise(1_500_000) }),
];
const BYTES_PER_S = 400_000;
const SOME_BYTES = 300_000;

sandboxTest(
  'the connection is given up, and later only the rest is asked for',
  () =>
    onNpmScene({ packages }, async ({ follower, registry, add, versionOf }) => {
      registry.tarballBytesPerS = BYTES_PER_S;
      await follower.report('away');
      await add();
      const first = await until('a part of the download', () =>
        registry.served.find(({ sentBytes }) => sentBytes > SOME_BYTES),
      );
      const sentBefore = first.sentBytes;
      await follower.report('engaged');
      const paused = await factOf(follower, 'run.paused', 'download');
      await until('the end of the connection', () => first.over || undefined);
      expect(registry.served).toHaveLength(1);

      await follower.report('away');
      const came = await factOf(follower, 'content.downloaded', 'download');
      const second = registry.served[1];
      const sizeBytes = registry.tarballs.get(first.path)?.byteLength ?? 0;
      expect(came).toMatchObject({
        runId: paused.runId,
        sizeBytes,
        resumedCount: 1,
        cached: false,
      });
      // What was on its way at the return may have come in vain, and nothing of what came before.
      expect(second?.from).toBeGreaterThanOrEqual(sentBefore / 2);
      expect(second?.sentBytes).toBe(sizeBytes - (second?.from ?? 0));
      expect(registry.served).toHaveLength(2);

      await ended(follower, 'verify', 'succeeded');
      expect(await versionOf('hello')).toBe('2.0.0');
    }),
  SCENE_MS_MAX,
);
