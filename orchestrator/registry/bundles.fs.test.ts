import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openBundles } from './bundles.fs.js';

let directory: string;
const sha256 = (digit: string): string => digit.repeat(64);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lull-b-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

test('bundles that nobody wants go, and what was half received; nothing else does', async () => {
  const bundles = openBundles(directory);
  const others = [
    'README',
    `${sha256('a')}.tar.old`,
    `x${sha256('a')}.tar`,
    `${'z'.repeat(64)}.tar`,
  ];
  for (const name of [`${sha256('a')}.tar`, `${sha256('b')}.tar`, 'incoming-12', ...others]) {
    writeFileSync(join(directory, name), '');
  }
  const gone = await bundles.keepOnly(new Set([sha256('b')]));
  expect([...gone].sort()).toEqual([`${sha256('a')}.tar`, 'incoming-12']);
  expect(readdirSync(directory).sort()).toEqual([...others, `${sha256('b')}.tar`].sort());
  const kept = [bundles.has(sha256('a')), bundles.has(sha256('b'))];
  expect(await Promise.all(kept)).toEqual([false, true]);
});

test('one that is forgotten goes, and no other; again it is gone already', async () => {
  const bundles = openBundles(directory);
  for (const digit of ['a', 'b']) writeFileSync(join(directory, `${sha256(digit)}.tar`), '');
  for (let times = 0; times < 2; times += 1) await bundles.forget(sha256('a'));
  expect(readdirSync(directory)).toEqual([`${sha256('b')}.tar`]);
});

test('what is read is what was kept, in chunks that fit into a message', async () => {
  const content = randomBytes(600_000);
  writeFileSync(join(directory, `${sha256('a')}.tar`), content);
  const chunks: Uint8Array[] = [];
  for await (const chunk of openBundles(directory).read(sha256('a'))) chunks.push(chunk);
  expect(Buffer.concat(chunks).equals(content)).toBe(true);
  expect(chunks.map(({ length }) => length)).toEqual([262_144, 262_144, 75_712]);
});

test.each([
  ['a path', '../secret'],
  ['a path as long as one', `../${'a'.repeat(61)}`],
  ['one that goes on', `${sha256('a')}/../x`],
  ['one behind a path', `../${sha256('a')}`],
  ['one in capitals', sha256('A')],
  ['nothing', ''],
])('%s is no digest, and nothing is looked for by it (T7)', (_what, name) => {
  const bundles = openBundles(directory);
  for (const ask of ['has', 'read', 'forget'] as const) {
    expect(() => bundles[ask](name)).toThrow('is not a digest');
  }
});

test('the directory is for nobody else', () => {
  const path = join(directory, 'deep', 'bundles');
  openBundles(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
});
