// The updaters that come with Lull keep the contract, as far as that shows without a sandbox.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { judges } from '../../cli/conformance/judges.js';
import { tryClauses } from '../../sdk/conformance/suite.js';
import { processSubject, type ProcessSubjectOptions } from '../../sdk/testing/process-subject.js';
import { putInstalled } from '../../updaters/npm/testing/prefix.fs.js';
import { startTestRegistry } from '../../updaters/npm/testing/registry.http.js';
import { programPackage } from '../support/npm-scene.js';

const ACTIONS = ['download', 'install', 'verify', 'rollback'] as const;
const MOST = ['describe', 'scan', 'perform', 'way', 'verify', 'rollback'];

async function failuresOf(options: ProcessSubjectOptions, only: readonly string[]) {
  const subject = processSubject(options);
  try {
    const { tried, withoutUpdateCount } = await tryClauses(subject, judges, {
      ...{ long: false, holdMs: 60, only },
    });
    expect(withoutUpdateCount).toBe(0);
    return tried.filter(({ verdict }) => verdict.kind === 'failed');
  } finally {
    await subject.close();
  }
}

function program(name: string): readonly string[] {
  return [
    process.execPath,
    fileURLToPath(new URL(`../../updaters/${name}/main.js`, import.meta.url)),
  ];
}

test('the example', async () => {
  const words = 'one\ntwo\n';
  const sha256 = createHash('sha256').update(words).digest('hex');
  const latest = JSON.stringify({ version: '2', file: 'words.txt', sha256 });
  const feed = createServer((request, response) => {
    response.end(request.url === '/latest.json' ? latest : words);
  }).listen(0, '127.0.0.1');
  await once(feed, 'listening');
  const authority = `127.0.0.1:${String((feed.address() as AddressInfo).port)}`;
  const claims = {
    ...{ id: 'com.example.words', version: '1.0.0', actions: ACTIONS, runMs: 30_000 },
    ...{ installRoots: ['words'], writesRoots: false, egress: [authority] },
  };
  const settings = { words: '/srv/words', feed: `http://${authority}` };
  try {
    const only = [...MOST, 'recover.killed', 'recover.cut', 'fault.commit', 'secrets'];
    expect(await failuresOf({ argv: program('example'), claims, settings }, only)).toEqual([]);
  } finally {
    feed.closeAllConnections();
    feed.close();
  }
}, 120_000);

test('the one for npm', async () => {
  const [before, after] = [programPackage('hello', '1.0.0'), programPackage('hello', '2.0.0')];
  const registry = await startTestRegistry([before, after]);
  const prefix = mkdtempSync(join(tmpdir(), 'lull-prefix-'));
  const claims = {
    ...{ id: 'dev.lull.npm', version: '0.1.0', actions: ACTIONS, runMs: 60_000 },
    ...{ installRoots: ['prefix'], writesRoots: false, egress: [registry.authority] },
  };
  const settings = { prefix: '/opt/tools', registry: registry.url };
  try {
    await putInstalled(prefix, before);
    const options = { argv: program('npm'), claims, settings, roots: { prefix } };
    expect(await failuresOf(options, MOST)).toEqual([]);
  } finally {
    await registry.close();
    rmSync(prefix, { recursive: true });
  }
}, 120_000);
