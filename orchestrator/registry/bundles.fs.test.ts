import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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
  for (const name of [`${sha256('a')}.tar`, `${sha256('b')}.tar`, 'incoming-12', 'README']) {
    writeFileSync(join(directory, name), '');
  }
  const gone = await bundles.keepOnly(new Set([sha256('b')]));
  expect([...gone].sort()).toEqual([`${sha256('a')}.tar`, 'incoming-12']);
  expect(readdirSync(directory).sort()).toEqual(['README', `${sha256('b')}.tar`].sort());
  const kept = [bundles.has(sha256('a')), bundles.has(sha256('b'))];
  expect(await Promise.all(kept)).toEqual([false, true]);
});
