// What ships: one file that needs nothing beside it, and a manifest that says the same of it.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import type { DescribeResponse } from '../../proto/gen/lull/updater/v1/updater.js';
import { startFakeHost } from '../../sdk/testing/fake-host.js';
import { launchUpdater } from '../../sdk/testing/launch.js';

// From dist/updaters/npm to updaters/.
const script = fileURLToPath(new URL('../../../updaters/bundle.mjs', import.meta.url));

test('the bundle serves from a directory of its own and is what the manifest says', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'lull-bundle-'));
  const host = await startFakeHost({ dir, token: 't' });
  try {
    execFileSync(process.execPath, [script, 'npm', dir]);
    copyFileSync(join(dir, 'bundle/main.mjs'), join(dir, 'main.mjs'));
    const argv = [process.execPath, join(dir, 'main.mjs')];
    const updater = await launchUpdater({ argv, host, dir, token: 't' });
    const answer = await new Promise<DescribeResponse>((resolve, reject) => {
      updater.client.describe({}, (error, response) => {
        if (error === null) resolve(response);
        else reject(error);
      });
    });
    expect(await updater.end('SIGTERM')).toEqual({ code: 0, stderr: '' });
    const manifest: unknown = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8'));
    const { name, version, software, capabilities } = answer;
    expect(manifest).toMatchObject({ id: name, version, software });
    const state = capabilities.find(({ kind }) => kind?.$case === 'state');
    expect(state?.kind?.value).toEqual({
      schemaVersion: (manifest as { state_schema: number }).state_schema,
    });
  } finally {
    await host.close();
    rmSync(dir, { recursive: true });
  }
});
