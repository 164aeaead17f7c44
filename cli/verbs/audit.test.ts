// What an auditor does: takes a checkpoint away, comes back later, and verifies elsewhere, without Lull (T18).

import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openOperator, type OperatorUnderTest } from '../../orchestrator/api/operator.testing.js';
import type { Fact } from '../../orchestrator/journal/fact.js';
import {
  admitted,
  enabled,
  finished,
  found,
  installed,
  perform,
  started,
  submitted,
  UPDATER,
  updateOf,
} from '../../orchestrator/world/history.testing.js';
import { typed } from './typed.testing.js';

let operator: OperatorUnderTest;
let directory: string;

beforeEach(async () => {
  operator = await openOperator();
  directory = mkdtempSync(join(tmpdir(), 'lull-audit-'));
});

afterEach(async () => {
  process.exitCode = 0;
  rmSync(directory, { recursive: true });
  await operator.close();
});

async function keepCheckpoint(): Promise<string> {
  const file = join(directory, 'kept.txt');
  writeFileSync(file, await typed(operator, 'audit checkpoint'));
  return file;
}

/** Another Node.js, that has nothing of Lull but the export. */
function verifyAlone(...args: string[]): Promise<{ code: number; said: string }> {
  const file = join(directory, 'export/verify.mjs');
  const options = { env: {}, cwd: directory, timeout: 30_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      resolve({ code, said: stdout + stderr });
    });
  });
}

describe('an export', () => {
  let kept: string;
  let key: string;

  beforeEach(async () => {
    await operator.append(submitted(), enabled());
    kept = await keepCheckpoint();
    key = (await typed(operator, 'audit checkpoint --key')).trim();
    await operator.append(
      admitted('r', perform(updateOf('a'))),
      finished('r', { kind: 'succeeded' }),
    );
    await typed(operator, `audit export ${join(directory, 'export')}`);
  });

  test('is verified by what is in it, against what was taken away before', async () => {
    expect(await verifyAlone(kept, '--key', key)).toMatchObject({
      code: 0,
      said: expect.stringMatching(
        /^good: entries 1 to 4.*\ngood: .*: 4 entries, signed.*\ngood: .*kept\.txt: 2 entries, signed.*\n$/,
      ) as unknown,
    });
    expect((await verifyAlone()).said).toContain('compare it with the one that you were given');
  });

  test.each<[string, (text: string) => string, string]>([
    ['an entry changed', (text) => text.replace('operator', 'nobody'), 'entry 2 was altered'],
    ['an entry left out', (text) => text.replace(/^.*\n/, ''), 'entry 1 is missing'],
    [
      'a line that is none',
      (text) => text.replace('{', '\u001b[2J'),
      'cannot be read as an export',
    ],
    ['its end cut off', (text) => text.split('\n', 3).join('\n'), 'the end was cut off'],
  ])('with %s is bad', async (_what, change, words) => {
    const file = join(directory, 'export/entries.jsonl');
    writeFileSync(file, change(readFileSync(file, 'utf8')));
    const { code, said } = await verifyAlone('--key', key);
    expect([code, said]).toEqual([1, expect.stringContaining(words)]);
    expect(said).not.toContain('\u001b'); // T17
  });

  test('with other evidence than was submitted is bad, and with another key', async () => {
    expect(readdirSync(join(directory, 'export/evidence'))).toEqual(['1.dsse.json']);
    writeFileSync(join(directory, 'export/evidence/1.dsse.json'), '{}');
    expect(await verifyAlone()).toMatchObject({
      code: 1,
      said: expect.stringContaining('not what its entry has') as unknown,
    });
    const other = key.replace(/.{4}$/, 'AAAA');
    expect((await verifyAlone('--key', other)).said).toContain('none of the keys has signed it');
  });

  test('is not written over another one', async () => {
    await expect(typed(operator, `audit export ${join(directory, 'export')}`)).rejects.toThrow(
      /has something in it/,
    );
  });

  test('of what came since has the checkpoint of before in it', async () => {
    rmSync(join(directory, 'export'), { recursive: true });
    await typed(operator, `audit export ${join(directory, 'export')} --from 3`);
    expect(await verifyAlone(kept, '--key', key)).toMatchObject({ code: 0 });
  });
});

describe('a checkpoint that was kept', () => {
  test('is held against what is there now, with the key where one is named', async () => {
    await operator.append(submitted());
    const kept = await keepCheckpoint();
    const key = (await typed(operator, 'audit checkpoint --key')).trim();
    await operator.append(enabled());
    const verified = await typed(operator, `audit verify --against ${kept} --key ${key}`);
    expect(verified).toMatch(
      /the chain is whole, head .*\nit goes on from .*, of 1 entry: signed by/,
    );
    expect(process.exitCode ?? 0).toBe(0);
  });

  test('of more than there is now, or of something else, fails', async () => {
    await operator.append(submitted(), enabled());
    const kept = await keepCheckpoint();
    const other = await openOperator();
    try {
      await other.rig.ledger.append([submitted()]);
      expect(await typed(other, `audit verify --against ${kept}`)).toContain('the end was cut off');
      expect(process.exitCode).toBe(1);
      await other.rig.ledger.append([enabled('com.acme.other')]);
      expect(await typed(other, `audit verify --against ${kept}`)).toContain('are not those');
    } finally {
      await other.close();
    }
  });
});

test('a report says who vouched, what ran, what came in and what changed, with whole digests', async () => {
  const sha256 = 'c'.repeat(64);
  const change = { path: 'bin/a', beforeSha256: 'd'.repeat(64), afterSha256: sha256, mode: 0o755 };
  await operator.append(
    submitted(),
    { ...enabled(), attestation: 'looked at it' } as Fact,
    found([updateOf('a')]),
  );
  await operator.append(admitted('run-7', perform(updateOf('a'))), started('run-7'));
  await operator.append({
    ...{ kind: 'content.downloaded', runId: 'run-7', url: 'https://a.example/x', redirects: [] },
    ...{ remoteAddress: '192.0.2.1', sizeBytes: 5, sha256, resumedCount: 0, cached: false },
  });
  await operator.append({ kind: 'run.notice', runId: 'run-7', message: 'said by itself' });
  await operator.append({
    kind: 'run.notice',
    runId: 'run-7',
    message: 'no',
    reason: 'GRANT_MISSING',
  });
  await operator.append(
    installed('run-7', { changes: [change] }),
    finished('run-7', { kind: 'succeeded' }),
  );
  const report = await typed(operator, 'audit report');
  for (const words of [
    `Who vouched\n  `,
    `${UPDATER} 1.0.0 accepted by operator [2]\n      said: looked at it`,
    'run-7, download a 1.0.0 → 2.0.0 by com.acme.tool 1.0.0: succeeded',
    `https://a.example/x, from 192.0.2.1 [6]\n      5 B, sha256 ${sha256}, for run-7`,
    'by com.acme.tool 1.0.0: GRANT_MISSING: no [8]',
    'What changed\n  ',
    `tree sha256 ${'b'.repeat(64)} → ${'a'.repeat(64)}\n      0 new, 0 gone, 1 file changed\n      bin/a: ${'d'.repeat(64)}`,
    `${sha256} 0755`,
    'the chain is whole, head',
  ]) {
    expect(report).toContain(words);
  }
  expect(report).not.toContain('said by itself');
  expect(await typed(operator, 'audit report --from 7')).not.toContain('a.example');
});

test('a report counts what changed, and tells the first files, or each', async () => {
  const changes = Array.from({ length: 12 }, (_, at) => {
    const afterSha256 = at === 0 ? '' : 'c'.repeat(64);
    return {
      path: `lib/${String(at)}.js`,
      beforeSha256: at < 3 ? 'd'.repeat(64) : '',
      afterSha256,
    };
  });
  await operator.append(submitted(), enabled(), found([updateOf('a')]));
  await operator.append(admitted('run-7', perform(updateOf('a'))), started('run-7'));
  await operator.append(
    installed('run-7', { changes: changes.map((each) => ({ ...each, mode: 0o644 })) }),
  );
  const short = await typed(operator, 'audit report');
  expect(short).toContain('9 new, 1 gone, 2 files changed');
  expect(short).toMatch(/lib\/7\.js: .*\n +and 4 files more: --files tells each/);
  const whole = await typed(operator, 'audit report --files');
  expect(whole).toContain('lib/11.js: new');
  expect(whole).not.toContain('--files');
});
