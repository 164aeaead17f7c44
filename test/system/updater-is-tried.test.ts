// `lull conformance` in the real sandbox: it tells what holds and what does not, leaves nothing, and its exit
// code says which it was.

import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { versionOfApp } from '../support/apps.js';
import { pythonTest, sandboxTest } from '../support/confinement.js';
import { startHaltingSource } from '../support/source.http.js';
import { onStage } from '../support/stage.js';

/** What is made for it lies there. */
function leftBehind(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('lull-cf-'));
}

sandboxTest('one that works, but for its verify, which is told', () =>
  onStage(async (stage, apps) => {
    const before = new Set(leftBehind());
    const file = await stage.bundle('program', { behaviour: { verify: 'works' } });
    const [junit, html] = [join(stage.directory, 'r.xml'), join(stage.directory, 'r.html')];
    const only = [
      'serve',
      'describe.manifest',
      'scan.valid',
      'way',
      'verify',
      'fault.disk-full',
      'recover.at-once',
    ];
    const args = ['conformance', file, '--set', `apps=${apps}`, '--junit', junit, '--html', html];
    const { code, stdout, stderr } = await stage.say([...args, '--only', ...only]);
    expect(stderr).toBe('');
    expect(stdout.split('\n').filter((line) => !/^(?:ok|skipped) /.test(line))).toEqual([
      'FAILED   verify.broken             where the version before is in place, verify came to succeeded',
      '         the contract: verify: find out whether what is in place works. INTERNAL / VERIFY_FAILED: it does not.',
      expect.stringMatching(/^\S+\.lull: \d+ passed, 1 failed, \d skipped, in [\d.]+ s$/),
      '',
    ]);
    expect(code).toBe(1);
    expect(await versionOfApp(apps)).toBe('1.0.0');
    expect(readFileSync(junit, 'utf8')).toContain('failures="1"');
    expect(readFileSync(html, 'utf8')).toContain('where the version before is in place');
    expect(leftBehind().filter((name) => !before.has(name))).toEqual([]);
  }),
);

sandboxTest('with nothing to update it says what was not tried, and how to have it tried', () =>
  onStage(async (stage, apps) => {
    const file = await stage.bundle('program', { behaviour: { to: '1.0.0' } });
    const args = ['conformance', file, '--set', `apps=${apps}`, '--only', 'scan.valid', 'way'];
    const { code, stdout } = await stage.say(args);
    expect(code).toBe(0);
    expect(stdout).toContain('found nothing to update: 3 clauses not tried. Give it something');
    expect(stdout).toContain('1 passed, 0 failed, 3 skipped');
  }),
);

pythonTest('one in Python is held to the same, and keeps it', () =>
  onStage(async (stage, apps) => {
    const source = await startHaltingSource(() => Buffer.from('#!/bin/sh\necho 2.0.0\n'));
    source.goOn();
    try {
      const settings = [
        { name: 'apps', kind: 'path', why: 'the application that is kept up to date' },
        { name: 'source', kind: 'url', why: 'where it comes from' },
      ];
      const entrypoint = ['python3', '-I', 'main.py'];
      const manifest = { entrypoint, runtime: 'host', settings, fetch: ['{source}'] };
      const behaviour = { to: '2.0.0', download: source.file('hello') };
      const file = await stage.bundle('python', { manifest, behaviour });
      const set = ['--set', `apps=${apps}`, `source=${source.url}`];
      const only = [
        'serve',
        'describe',
        'scan',
        'perform',
        'way',
        'verify',
        'rollback',
        'grant',
        'secrets',
      ];
      const { stdout, code } = await stage.say(['conformance', file, ...set, '--only', ...only]);
      expect(stdout.split('\n').filter((line) => line.startsWith('FAILED'))).toEqual([]);
      expect(code).toBe(0);
    } finally {
      await source.close();
    }
  }),
);

sandboxTest('an ordinary user is told what is missing, and what can be tried without it', () =>
  onStage(async (stage) => {
    const file = await stage.bundle('program', {});
    // Where only root gets, nobody else reads a bundle.
    const elsewhere = mkdtempSync(join(tmpdir(), 'lull-of-nobody-'));
    try {
      chmodSync(elsewhere, 0o755);
      const copy = join(elsewhere, 'program.lull');
      copyFileSync(file, copy);
      const { code, stderr } = await stage.say(['conformance', copy], { uid: 65_534 });
      expect(stderr).toMatch(/^lull: there is no sandbox here: .* name its socket/);
      expect(stderr.split('\n')).toHaveLength(2);
      expect(code).toBe(1);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  }),
);

test('what cannot be tried is told in one line', () =>
  onStage(async (stage) => {
    const file = await stage.bundle('program', {});
    const asked = async (...args: string[]) => stage.say(['conformance', ...args]);
    const [nothing, absent, unset, unknown, wrong] = [
      await asked(),
      await asked(join(stage.directory, 'none.lull')),
      await asked(file),
      await asked(file, '--set', 'apps=/srv/apps', '--only', 'scan.everything'),
      await asked(stage.policyFile),
    ];
    expect([nothing.code, absent.code, unset.code, unknown.code, wrong.code]).toEqual([
      2, 1, 2, 2, 1,
    ]);
    expect(nothing.stderr).toContain('nothing to try: name a bundle');
    expect(absent.stderr).toContain('none.lull is not there');
    expect(unset.stderr).toContain('apps: no value. It takes --set apps=VALUE');
    expect(unknown.stderr).toContain('there is no clause "scan.everything"');
    expect(wrong.stderr).toContain('cannot be tried: not a .lull file');
    expect(existsSync(`${file}.host`)).toBe(false);
  }));
