import { describe, expect } from '@jest/globals';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { sandboxTest } from '../support/confinement.js';
import { noise, onNpmScene, programPackage, SCENE_MS_MAX } from '../support/npm-scene.js';
import { ended, factOf, outcomeOf } from '../support/story.js';
import { endsOf, reasonWith, until } from '../support/told.js';

const packages = [
  programPackage('hello', '1.0.0'),
  programPackage('hello', '2.0.0', { 'pictures.txt': noise(600_000) }),
];
const FIRST_WAIT_MS = 1_000;
const retry = { first: '1s', install: '1s', give_up: '5s' };
/** Waits are spread by so much, so that machines do not come back together. */
const JITTER = 0.1;

describe('registry out of reach', () => {
  sandboxTest(
    'during a scan: tried again after growing waits, until it is back',
    () =>
      onNpmScene({ packages, policy: { retry } }, async (scene) => {
        const { follower, registry, running, add, versionOf } = scene;
        await registry.goDown();
        await follower.report('away');
        await add();
        const failed = await ended(follower, 'scan', 'failed');
        expect(outcomeOf(failed)).toMatchObject({ code: 'UPSTREAM_DOWN', retry: true });
        const reason = await reasonWith(running, 'RETRY_LATER');
        expect(reason.message).toContain('UPSTREAM_DOWN');
        expect(reason.untilUnixMs).toBeGreaterThan(0);
        await ended(follower, 'scan', 'failed');

        await registry.comeBack();
        await ended(follower, 'scan', 'succeeded');
        await ended(follower, 'verify', 'succeeded');
        expect(await versionOf('hello')).toBe('2.0.0');

        const [first = 0, second = 0] = await waitsAfterFailures(running);
        expect(first).toBeGreaterThanOrEqual(FIRST_WAIT_MS * (1 - JITTER));
        expect(second).toBeGreaterThanOrEqual(2 * FIRST_WAIT_MS * (1 - JITTER));
      }),
    SCENE_MS_MAX,
  );

  sandboxTest(
    'during a download: fails after some tries, and later goes on where it was',
    () =>
      onNpmScene({ packages, policy: { retry } }, async (scene) => {
        const { follower, registry, running, add, versionOf } = scene;
        registry.tarballBytesPerS = 200_000;
        await follower.report('away');
        await add();
        await until('a part of the download', () =>
          registry.served.find(({ sentBytes }) => sentBytes > 100_000),
        );
        await registry.goDown();
        const failed = await ended(follower, 'download', 'failed');
        expect(outcomeOf(failed)).toMatchObject({ code: 'UPSTREAM_DOWN', retry: true });
        expect((await reasonWith(running, 'RETRY_LATER')).message).toContain('UPSTREAM_DOWN');
        expect(await versionOf('hello')).toBe('1.0.0');

        registry.tarballBytesPerS = undefined;
        await registry.comeBack();
        const came = await factOf(follower, 'content.downloaded', 'download');
        expect(came).toMatchObject({ resumedCount: 1, cached: false });
        expect(registry.served.at(-1)?.from).toBeGreaterThan(0);
        await ended(follower, 'verify', 'succeeded');
        expect(await versionOf('hello')).toBe('2.0.0');
        expect(endsOf(follower.facts).slice(-3)).toEqual([
          ...['download more_to_do', 'install more_to_do', 'verify succeeded'],
        ]);
      }),
    SCENE_MS_MAX,
  );
});

/** How long after each failure the next run was admitted. */
async function waitsAfterFailures(running: RunningLull): Promise<number[]> {
  const text = await running.command(['--json', 'audit', 'log']);
  const entries = JSON.parse(text) as { kind: string; atUnixMs: number; bodyJson: string }[];
  const steps = entries.filter(({ kind }) => /^run\.(admitted|finished)$/.test(kind));
  return steps.flatMap(({ kind, bodyJson, atUnixMs }, position) => {
    const next = steps[position + 1];
    const isFailure = kind === 'run.finished' && bodyJson.includes('"failed"');
    return isFailure && next !== undefined ? [next.atUnixMs - atUnixMs] : [];
  });
}
