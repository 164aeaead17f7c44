import { expect } from '@jest/globals';
import { createHash } from 'node:crypto';
import { sandboxTest } from '../support/confinement.js';
import { leftoversAfter } from '../support/leftovers.js';
import { onNpmScene, programPackage, SCENE_MS_MAX } from '../support/npm-scene.js';
import { actionOf, auditIsWhole, ended } from '../support/story.js';
import { endsOf, reasonsNow } from '../support/told.js';

const packages = [
  programPackage('hello', '1.0.0'),
  programPackage('hello', '1.1.0'),
  programPackage('greet', '0.9.0'),
  programPackage('greet', '0.10.0'),
];

sandboxTest(
  'nothing runs beside a person; without one, two programs are updated',
  () =>
    onNpmScene({ packages }, async ({ follower, registry, running, stage, add, versionOf }) => {
      await follower.report('engaged');
      await add();
      const codes = (await reasonsNow(running)).map(({ code }) => code);
      expect(codes).toContain('PERSON_PRESENT');
      expect(follower.facts.filter(({ kind }) => kind === 'run.admitted')).toEqual([]);
      expect(registry.requests).toEqual([]);

      await follower.report('away');
      await ended(follower, 'verify', 'succeeded');
      await ended(follower, 'verify', 'succeeded');
      expect(await versionOf('hello')).toBe('1.1.0');
      expect(await versionOf('greet')).toBe('0.10.0');

      const { facts } = follower;
      expect(endsOf(facts).sort()).toEqual([
        ...['download more_to_do', 'download more_to_do', 'install more_to_do'],
        ...['install more_to_do', 'scan succeeded', 'verify succeeded', 'verify succeeded'],
      ]);
      const digests = [...registry.tarballs]
        .filter(([path]) => /hello-1\.1\.0|greet-0\.10\.0/.test(path))
        .map(([, bytes]) => createHash('sha256').update(bytes).digest('hex'));
      // The installation finds in the store what the download brought, and says so.
      const came = facts.filter((fact) => fact.kind === 'content.downloaded' && !fact['cached']);
      expect(came.map(({ sha256 }) => sha256).sort()).toEqual(digests.sort());
      expect(came.map(({ remoteAddress }) => remoteAddress)).toEqual(['127.0.0.1', '127.0.0.1']);
      const installed = facts.filter(({ kind }) => kind === 'content.installed');
      const changed = installed.map(({ changes }) =>
        (changes as { path: string }[]).map(({ path }) => path),
      );
      expect(changed.flat()).toEqual(
        expect.arrayContaining([
          ...['lib/node_modules/hello/cli.js', 'lib/node_modules/greet/cli.js'],
        ]),
      );
      const egress = facts.filter(({ kind }) => kind === 'egress.seen');
      const [host, port] = registry.authority.split(':');
      expect(egress.length).toBeGreaterThan(0);
      for (const each of egress) {
        expect(each).toMatchObject({ host, port: Number(port), allowed: true });
      }
      expect(egress.map(({ runId }) => actionOf(facts, runId))).toContain('scan');

      const history = JSON.parse(await running.command(['--json', 'history'])) as unknown[];
      expect(history).toHaveLength(7);
      expect(await auditIsWhole(running)).toBe(true);
      await running.stop();
      expect(await leftoversAfter(stage, 5_000)).toEqual([]);
    }),
  SCENE_MS_MAX,
);
