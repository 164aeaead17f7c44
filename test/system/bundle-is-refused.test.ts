// What a registry must not take: a clear line, and nothing changed but the entry that says so.

import { expect } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { until } from '../../runtime/until.testing.js';
import { versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { leftovers } from '../support/leftovers.js';
import { onStage, type Stage } from '../support/stage.js';
import { auditIsWhole, enable, ended } from '../support/story.js';

function rewritten(file: string, change: (bytes: Buffer) => void): string {
  const bytes = readFileSync(file);
  change(bytes);
  writeFileSync(file, bytes);
  return file;
}

/** Somewhere in the code, far from the headers of the archive. */
function changeCode(bytes: Buffer): void {
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
}

/** One letter of the title, in the signed payload; the envelope stays well-formed. */
function changeTitle(bytes: Buffer): void {
  const payload = /"payload":"([^"]+)"/.exec(bytes.toString('latin1'))?.[1] ?? '';
  const manifest = Buffer.from(payload, 'base64').toString().replace('A fixture', 'B fixture');
  bytes.write(Buffer.from(manifest).toString('base64'), bytes.indexOf(payload), 'latin1');
}

interface Refusal {
  readonly what: string;
  readonly file: (stage: Stage) => Promise<string>;
  readonly code: string;
}

const refusals: readonly Refusal[] = [
  {
    what: 'a bundle with one byte changed',
    file: async (stage) =>
      rewritten(await stage.bundle('program', { version: '1.1.0' }), changeCode),
    code: 'DIGEST_MISMATCH',
  },
  {
    what: 'a manifest with one letter changed',
    file: async (stage) =>
      rewritten(await stage.bundle('program', { version: '1.1.0' }), changeTitle),
    code: 'SIGNATURE_INVALID',
  },
  {
    what: 'a manifest that nobody signed',
    file: (stage) => stage.bundle('program', { version: '1.1.0', keyFiles: [] }),
    code: 'SIGNATURE_MISSING',
  },
  {
    what: 'a manifest signed with a key of somebody else',
    file: (stage) => stage.bundle('program', { version: '1.1.0', keyFiles: [stage.rivalKeyFile] }),
    code: 'SIGNATURE_INVALID',
  },
  {
    what: 'a publisher that policy does not know',
    file: (stage) =>
      stage.bundle('program', { version: '1.1.0', manifest: { publisher: 'stranger' } }),
    code: 'PUBLISHER_UNKNOWN',
  },
  {
    what: 'a known publisher under an id that is not theirs',
    file: (stage) => stage.bundle('program', { id: 'org.example.fixture' }),
    code: 'PUBLISHER_UNKNOWN',
  },
  {
    what: 'a second updater with the same id and version',
    file: (stage) => stage.bundle('program', { behaviour: { to: '6.6.6' } }),
    code: 'VERSION_TAKEN',
  },
  {
    what: 'a second updater with the same id, of another trusted publisher',
    file: (stage) =>
      stage.bundle('program', {
        version: '1.1.0',
        keyFiles: [stage.rivalKeyFile],
        manifest: { publisher: 'rival' },
      }),
    code: 'ID_TAKEN',
  },
  {
    what: 'an older version of an updater',
    file: (stage) => stage.bundle('program', { version: '0.9.0' }),
    code: 'VERSION_DOWNGRADE',
  },
];

sandboxTest('each is refused in one line, and the updater that is there works on', () =>
  onStage(async (stage, apps) => {
    const running = await stage.start();
    const follower = stage.follow();
    await enable(running, await stage.bundle('program'), { apps });
    const before = await running.command(['--json', 'updaters', 'list']);
    // It comes when it comes; the entries are counted from there.
    await follower.fact('the self-test', ({ kind }) => kind === 'host.confined', 30_000);

    // No machine has to do with it.
    const registry = stage.follow({ ofAll: true });
    const known =
      stage.host === undefined ? ['updater.enabled', 'host.confined'] : ['updater.enabled'];
    await until('it has read what is there', () =>
      known.every((each) => registry.facts.some(({ kind }) => kind === each)),
    );
    for (const { what, file, code } of refusals) {
      const entryCount = registry.facts.length;
      const path = await file(stage);
      const said = await stage.say(['updaters', 'add', path, '--enable', '--set', `apps=${apps}`]);
      expect([what, said.code, said.stdout]).toEqual([what, 1, '']);
      expect(said.stderr.trimEnd().split('\n')).toEqual([
        expect.stringMatching(new RegExp(`^lull: .* \\(${code}\\)$`)),
      ]);
      const entry = await registry.fact(what, ({ kind }) => kind === 'updater.refused', 10_000);
      expect(entry['code']).toBe(code);
      // The entry is all that the refusal changed.
      expect(registry.facts).toHaveLength(entryCount + 1);
      expect(await running.command(['--json', 'updaters', 'list'])).toBe(before);
    }
    expect(await auditIsWhole(running)).toBe(true);

    await follower.report('away');
    await ended(follower, 'install', 'succeeded');
    expect(await versionOfApp(apps)).toBe('2.0.0');
    await running.stop();
    expect(leftovers(stage)).toEqual([]);
  }),
);
