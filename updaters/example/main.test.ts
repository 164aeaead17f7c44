// The example of docs/vendors.md as a process, without the sandbox: how a vendor tests an updater.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Action, type Outcome, type Update } from '../../proto/gen/lull/updater/v1/updater.js';
import { startTestProxy, type TestProxy } from '../../sdk/testing/connect.proxy.js';
import { startFakeHost, type FakeHost } from '../../sdk/testing/fake-host.js';
import { launchUpdater, type Launched } from '../../sdk/testing/launch.js';

const program = fileURLToPath(new URL('main.js', import.meta.url));
const TOKEN = 'test-token';

let dir: string;
let feed: Server;
let authority: string;
/** What the feed publishes: the version, and the content of its file. */
let published: { version: string; words: string; sha256?: string };
let host: FakeHost;
let proxy: TestProxy;
const launched: Launched[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lull-ex-'));
  published = { version: '1', words: 'one\n' };
  feed = createServer((request, response) => {
    const { version, words } = published;
    const sha256 = published.sha256 ?? createHash('sha256').update(words).digest('hex');
    const about = JSON.stringify({ version, file: `words-${version}.txt`, sha256 });
    response.end(request.url === '/latest.json' ? about : words);
  }).listen(0, '127.0.0.1');
  await once(feed, 'listening');
  authority = `127.0.0.1:${String((feed.address() as AddressInfo).port)}`;
  host = await startFakeHost({ dir, token: TOKEN });
  proxy = await startTestProxy(join(dir, 'egress.sock'), (asked) => asked === authority);
});

afterEach(async () => {
  for (const each of launched.splice(0)) await each.end('SIGKILL');
  await Promise.all([host.close(), proxy.close()]);
  feed.closeAllConnections();
  feed.close();
  await once(feed, 'close');
  rmSync(dir, { recursive: true });
});

/** Each call in a launch of its own, as the plugin-host does it. */
async function withUpdater<T>(work: (updater: Launched) => Promise<T>): Promise<T> {
  const updater = await launchUpdater({
    argv: [process.execPath, program],
    host,
    dir,
    token: TOKEN,
    egressSocket: proxy.socketPath,
    settings: { words: '/srv/words', feed: `http://${authority}` },
  });
  launched.push(updater);
  const result = await work(updater);
  expect(await updater.end('SIGTERM')).toEqual({ code: 0, stderr: '' });
  return result;
}

function perform(update: Update, action: Action): Promise<Outcome['kind']> {
  const runId = `${String(action)}-${update.toVersion}`;
  return withUpdater((updater) => updater.perform({ runId, update, action }));
}

async function onlyUpdate(): Promise<Update> {
  const [update, ...more] = await withUpdater((updater) => updater.scan('scan'));
  expect(more).toEqual([]);
  if (update === undefined) throw new Error('the scan found nothing');
  return update;
}

function shown(file: string): string {
  return readFileSync(join(host.rootsDir, 'words', file), 'utf8');
}

test('a first version, a second one, and back', async () => {
  for (const version of ['1', '2']) {
    published = { version, words: `words of ${version}\n` };
    const update = await onlyUpdate();
    expect(update).toMatchObject({ toVersion: version, nextAction: Action.DOWNLOAD });
    for (const action of [Action.DOWNLOAD, Action.INSTALL, Action.VERIFY]) {
      const last = action === Action.VERIFY;
      const outcome = await perform(update, action);
      expect(outcome?.$case).toBe(last ? 'succeeded' : 'moreToDo');
    }
    expect(shown('words.txt')).toBe(published.words);
    expect(await withUpdater((updater) => updater.scan('again'))).toEqual([]);
    if (version === '2') expect((await perform(update, Action.ROLLBACK))?.$case).toBe('succeeded');
  }
  expect(shown('VERSION')).toBe('1\n');
});

test('a file with another digest is refused, and nothing is installed', async () => {
  published = { ...published, sha256: '0'.repeat(64) };
  const outcome = await perform(await onlyUpdate(), Action.DOWNLOAD);
  expect(outcome).toMatchObject({ $case: 'failed', value: { reason: 'DIGEST_MISMATCH' } });
  expect(existsSync(join(host.rootsDir, 'words'))).toBe(false);
});

test('the feed moved on between the scan and the download', async () => {
  const update = await onlyUpdate();
  published = { version: '2', words: 'two\n' };
  expect((await perform(update, Action.DOWNLOAD))?.$case).toBe('gone');
});
