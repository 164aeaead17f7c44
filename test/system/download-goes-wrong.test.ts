import { describe, expect } from '@jest/globals';
import { createHash } from 'node:crypto';
import { sandboxTest } from '../support/confinement.js';
import { noise, onNpmScene, programPackage, SCENE_MS_MAX } from '../support/npm-scene.js';
import { auditIsWhole, ended, factOf, outcomeOf } from '../support/story.js';
import { countOf, reasonWith } from '../support/told.js';

const packages = [
  programPackage('hello', '1.0.0'),
  programPackage('hello', '2.0.0', { 'pictures.txt': noise(200_000) }),
];
const TARBALL = 'hello/-/hello-2.0.0.tgz';

describe('a download', () => {
  sandboxTest(
    'that is cut half-way goes on from there',
    () =>
      onNpmScene({ packages }, async ({ follower, registry, add, versionOf }) => {
        registry.faults.set(TARBALL, 'cut-once');
        await follower.report('away');
        await add();
        const came = await factOf(follower, 'content.downloaded', 'download');
        const bytes = registry.tarballs.get(TARBALL) ?? Buffer.alloc(0);
        expect(came).toMatchObject({
          sizeBytes: bytes.byteLength,
          sha256: createHash('sha256').update(bytes).digest('hex'),
          resumedCount: 1,
        });
        const sent = registry.served.map(({ sentBytes }) => sentBytes);
        expect(sent.reduce((sum, each) => sum + each, 0)).toBe(bytes.byteLength);
        await ended(follower, 'verify', 'succeeded');
        expect(await versionOf('hello')).toBe('2.0.0');
      }),
    SCENE_MS_MAX,
  );

  for (const fault of ['corrupt', 'truncated'] as const) {
    sandboxTest(
      `that is ${fault} is refused, and the old version works`,
      () =>
        onNpmScene({ packages }, async ({ follower, registry, running, add, versionOf }) => {
          registry.faults.set(TARBALL, fault);
          await follower.report('away');
          await add();
          const failed = await ended(follower, 'download', 'failed');
          expect(outcomeOf(failed)).toMatchObject({ code: 'DIGEST_MISMATCH', retry: false });
          const suspended = await reasonWith(running, 'UPDATER_SUSPENDED');
          expect(suspended.message).toContain('sha512');
          expect(countOf(follower.facts, 'content.downloaded')).toBe(0);
          expect(countOf(follower.facts, 'content.installed')).toBe(0);
          expect(await versionOf('hello')).toBe('1.0.0');
          expect(await auditIsWhole(running)).toBe(true);
        }),
      SCENE_MS_MAX,
    );
  }
});
