// Continuous integration does not stay green where what Lull promises was not tried.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { repositoryRoot } from './architecture/tree.fs.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lull-ci-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** What .ci/skipped.mjs says of a test of this name that was skipped. */
function said(fullName: string): { status: number | null; stderr: string } {
  const report = join(directory, 'report.json');
  const assertionResults = [{ status: 'pending', fullName }];
  writeFileSync(report, JSON.stringify({ testResults: [{ assertionResults }] }));
  const script = join(repositoryRoot(), '.ci/skipped.mjs');
  return spawnSync(process.execPath, [script, report], { encoding: 'utf8' });
}

test.each([
  'it is frozen (skipped here: needs root)',
  'it is confined (skipped here: needs runc)',
  'the units of a fleet find each other (skipped here: needs nats-server 2.10)',
  'the leases of a fleet (skipped: needs nats-server 2.10) one has all of them',
])('a skip for want of what has to be there fails it: %s', (name) => {
  const { status, stderr } = said(name);
  expect(status).toBe(1);
  expect(stderr).toContain(name);
});

test('another one does not', () => {
  expect(said('a container (skipped here: needs docker.io)').status).toBe(0);
});
