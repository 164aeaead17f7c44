// What a launch shows of the install roots, when the version that is current has changed under it.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../runtime/until.testing.js';
import type { Sandbox, SandboxSpec } from './sandbox.js';
import {
  fixtureUid,
  leftovers,
  openFixture,
  whyNoSandbox,
  type SandboxFixture,
} from './sandbox.testing.js';

const missing = await whyNoSandbox();
const describeHere = missing === undefined ? describe : describe.skip;

/** Says what it sees whenever that has changed, and whether it could write there. */
const looks = `
import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
let before;
setInterval(() => {
  const seen = readFileSync('/lull/roots/app/version', 'utf8');
  if (seen === before) return;
  before = seen;
  let wrote = 'could write';
  try { writeFileSync('/lull/roots/app/mine', 'x'); } catch ({ code }) { wrote = code; }
  const kind = lstatSync('/lull/roots/app').isDirectory() ? 'directory' : 'other';
  console.error([seen, wrote, kind, ...readdirSync('/lull/roots')].join(' '));
}, 5);`;

describeHere(`a launch${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let fixture: SandboxFixture;

  beforeEach(async () => {
    fixture = await openFixture();
  });
  afterEach(async () => {
    await fixture.close();
    await until('nothing is left', () => leftovers(fixture.root).length === 0);
  });

  /** A version that the updater's own user could write to, were it not shown as it is. */
  function version(text: string): { name: string; path: string } {
    const path = join(fixture.root, `version-${text}`);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'version'), text);
    chownSync(path, fixtureUid, fixtureUid);
    return { name: 'app', path };
  }

  async function shows(sandbox: Sandbox, roots: SandboxSpec['roots']): Promise<boolean> {
    sandbox.freeze();
    await until('it stands', () => sandbox.isStill());
    const shown = await sandbox.show(roots);
    sandbox.thaw();
    return shown;
  }

  test('that stands shows the version which has become current, one after the other, and nothing of it can be written', async () => {
    const first = version('1');
    const sandbox = await fixture.launch('shows', looks, { roots: [first] });
    await until('it saw the first', () => sandbox.outputTail().includes('1 '));
    expect(await shows(sandbox, [first])).toBe(true);
    for (const text of ['2', '3']) {
      expect(await shows(sandbox, [version(text)])).toBe(true);
      await until(`it saw ${text}`, () => sandbox.outputTail().includes(`${text} `));
    }
    expect(sandbox.outputTail().trim().split('\n')).toEqual(
      ['1', '2', '3'].map((text) => `${text} EROFS directory app`),
    );
    await sandbox.close();
  });

  test('shows a version that is removed afterwards no longer than it lives', async () => {
    const [first, second] = [version('1'), version('2')];
    const sandbox = await fixture.launch('outlives', looks, { roots: [first] });
    expect(await shows(sandbox, [second])).toBe(true);
    rmSync(first.path, { recursive: true });
    rmSync(second.path, { recursive: true });
    await sandbox.close();
  });

  test('has a root beside it that the updater writes, which is not changed', async () => {
    const own = join(fixture.root, 'own');
    mkdirSync(own);
    chownSync(own, fixtureUid, fixtureUid);
    const written = { name: 'own', path: own, writable: true };
    const sandbox = await fixture.launch(
      'beside',
      `import { writeFileSync } from 'node:fs';
       writeFileSync('/lull/roots/own/mine', 'x');
       ${looks.trimStart()}`.replace(
        "import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';",
        "import { lstatSync, readdirSync, readFileSync } from 'node:fs';",
      ),
      { roots: [version('1'), written] },
    );
    expect(await shows(sandbox, [version('2'), written])).toBe(true);
    await until('it saw 2', () => sandbox.outputTail().includes('2 EROFS directory app own'));
    await sandbox.close();
  });

  test('that had no such root cannot show one', async () => {
    const sandbox = await fixture.launch('none', `setInterval(() => undefined, 1000)`, {});
    expect(await shows(sandbox, [])).toBe(true);
    expect(await shows(sandbox, [version('1')])).toBe(false);
    await sandbox.close();
    expect(await sandbox.show([])).toBe(false);
  });
});
