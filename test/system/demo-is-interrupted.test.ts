// Ctrl-C in the demo, before its Lull is up and with a run on: nothing of it is left.

import { expect } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startTestRegistry, type TestPackage } from '../../updaters/npm/testing/registry.http.js';
import { sandboxTest } from '../support/confinement.js';
import { mountsBelow } from '../support/leftovers.js';

const program = fileURLToPath(new URL('../../demo/main.js', import.meta.url));
const installed = { json5: '2.2.0', 'js-yaml': '3.14.0', mkdirp: '1.0.4' };

function packageOf([name, version]: [string, string]): TestPackage {
  const files = { 'cli.js': `#!/usr/bin/env node\nconsole.log('${version}');\n` };
  return { name, version, about: { bin: { [name]: 'cli.js' } }, files };
}

for (const words of ['$ lull up', 'in its sandbox']) {
  sandboxTest(`after "${words}"`, async () => {
    const temporary = mkdtempSync(join(tmpdir(), 'lull-i-')); // Short: sockets lie below it.
    const olds = Object.entries(installed).map(packageOf);
    const news = Object.keys(installed).map((name) => packageOf([name, '9.0.0']));
    const registry = await startTestRegistry([...olds, ...news]);
    const cache = mkdtempSync(join(tmpdir(), 'lull-npm-cache-'));
    const env = { TMPDIR: temporary, npm_config_registry: registry.url, npm_config_cache: cache };
    // A group of its own: Ctrl-C reaches everybody in it.
    const demo = spawn(process.execPath, [program], {
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    let complained = '';
    demo.stderr.on('data', (bytes: Buffer) => (complained += bytes.toString()));
    demo.stdout.on('data', (bytes: Buffer) => {
      const before = said.includes(words);
      said += bytes.toString();
      if (!before && said.includes(words)) process.kill(-(demo.pid ?? 0), 'SIGINT');
    });
    try {
      const [code] = (await once(demo, 'exit')) as [number | null];
      expect({ code, complained, isSaid: said.includes('clearing up') }).toEqual({
        ...{ code: 130, complained: '', isSaid: true },
      });
      expect(readdirSync(temporary)).toEqual([]);
      expect(mountsBelow(temporary)).toEqual([]);
    } finally {
      demo.kill('SIGKILL');
      await registry.close();
      for (const each of [temporary, cache]) rmSync(each, { recursive: true, force: true });
    }
  });
}
