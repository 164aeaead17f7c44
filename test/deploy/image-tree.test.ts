// What is to run is copied: where somebody names the wrong directory, and where only its owner could read.

import { expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../architecture/tree.fs.js';

/** A library for each C library, of ten megabytes. */
const COPY_MS_MAX = 90_000;

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

test(
  'everybody may read what was copied under a umask that is for its owner alone',
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'lull-tree-'));
    const tree = join(directory, 'lull');
    try {
      const script = join(repositoryRoot(), 'scripts/image-tree.mjs');
      const own = ['-c', 'umask 077; exec "$@"', 'sh'];
      expect(spawnSync('sh', [...own, process.execPath, script, tree]).status).toBe(0);
      const paths = readdirSync(tree, { recursive: true }) as string[];
      const shut = ['.', ...paths].filter((path) => {
        const entry = lstatSync(join(tree, path));
        const needed = entry.isDirectory() ? 0o755 : 0o444;
        return !entry.isSymbolicLink() && (entry.mode & needed) !== needed;
      });
      expect(shut).toEqual([]);
      expect(lstatSync(join(tree, 'dist/lull/main.js')).mode & 0o777).toBe(0o755);
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
  COPY_MS_MAX,
);
