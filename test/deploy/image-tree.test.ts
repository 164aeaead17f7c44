// Somebody names the wrong directory for what is to run.

import { expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../architecture/tree.fs.js';

test.each([
  [
    'that has other programs in it',
    (directory: string) => {
      mkdirSync(join(directory, 'other'));
    },
  ],
  [
    'that is a checkout',
    (directory: string) => {
      mkdirSync(join(directory, 'scripts'));
      writeFileSync(join(directory, 'package.json'), '{"name":"lull"}');
    },
  ],
])('a directory %s is not replaced, and it is said why', (_what, fill) => {
  const directory = mkdtempSync(join(tmpdir(), 'lull-tree-'));
  try {
    fill(directory);
    const before = readdirSync(directory);
    const script = join(repositoryRoot(), 'scripts/image-tree.mjs');
    const { status, stderr } = spawnSync(process.execPath, [script, directory]);
    expect(status).toBe(1);
    expect(stderr.toString()).toContain('has something else in it');
    expect(readdirSync(directory)).toEqual(before);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
