// What an updater under test can see of a Commit of a part.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { FakeRoots } from './fake-roots.fs.js';

let dir: string;
let roots: FakeRoots;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lull-fake-'));
  roots = new FakeRoots(join(dir, 'work'), join(dir, 'roots'));
  write('roots/app', { 'lib/x/old': '1', 'lib/y': 'y', gone: 'g' });
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

function write(below: string, files: Record<string, string>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, below, path)), { recursive: true });
    writeFileSync(join(dir, below, path), content);
  }
}

test('what is named is replaced or goes, and all else stays', async () => {
  write('work/staged', { 'lib/x/new': '2' });
  const replacedPaths = ['lib/x', 'gone'];
  await roots.commit({ runId: 'r', root: 'app', stagedPath: 'staged', replacedPaths });
  const there = readdirSync(join(dir, 'roots/app'), { recursive: true }).map(String).sort();
  expect(there).toEqual(['lib', 'lib/x', 'lib/x/new', 'lib/y']);
  await roots.revert({ runId: 's', root: 'app' });
  expect(readFileSync(join(dir, 'roots/app/gone'), 'utf8')).toBe('g');
});

test('something beside what is named is refused, as by the host', async () => {
  write('work/staged', { 'lib/x/new': '2', 'lib/z': 'stray' });
  const request = { runId: 'r', root: 'app', stagedPath: 'staged', replacedPaths: ['lib/x'] };
  await expect(roots.commit(request)).rejects.toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: expect.stringMatching(/lib\/z is not among replaced_paths/),
  });
  expect(readdirSync(join(dir, 'roots/app/lib/x'))).toEqual(['old']);
});
