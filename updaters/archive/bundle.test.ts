// What ships: one file that needs nothing beside it, and goes by the id that it was bundled with.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import type { DescribeResponse } from '../../proto/gen/lull/updater/v1/updater.js';
import { startFakeHost } from '../../sdk/testing/fake-host.js';
import { launchUpdater } from '../../sdk/testing/launch.js';

// From dist/updaters/archive to updaters/.
const script = fileURLToPath(new URL('../../../updaters/bundle.mjs', import.meta.url));

test.each([
  ['the id that it is published with', [], 'dev.lull.archive'],
  [
    'an id of its own, for one program of several',
    ['--id', 'dev.lull.archive.go'],
    'dev.lull.archive.go',
  ],
])('the bundle serves from a directory of its own, with %s', async (_name, args, id) => {
  const dir = mkdtempSync(join(tmpdir(), 'lull-bundle-'));
  const host = await startFakeHost({ dir, token: 't' });
  try {
    execFileSync(process.execPath, [script, 'archive', dir, ...args]);
    const manifest = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as {
      readonly entrypoint: readonly string[];
    };
    const [, , ...own] = manifest.entrypoint;
    const argv = [process.execPath, join(dir, 'bundle/main.mjs'), ...own];
    const updater = await launchUpdater({ argv, host, dir, token: 't' });
    const answer = await new Promise<DescribeResponse>((resolve, reject) => {
      updater.client.describe({}, (error, response) => {
        if (error === null) resolve(response);
        else reject(error);
      });
    });
    expect(await updater.end('SIGTERM')).toEqual({ code: 0, stderr: '' });
    const { name, version, software } = answer;
    expect(name).toBe(id);
    expect(manifest).toMatchObject({ id, version, software });
  } finally {
    await host.close();
    rmSync(dir, { recursive: true });
  }
});
