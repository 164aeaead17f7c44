// The archive updater as a process, against a host, a proxy and makers of the test's own.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import { generateKeyPairSync } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Action, type Outcome, type Update } from '../../proto/gen/lull/updater/v1/updater.js';
import { startTestProxy, type TestProxy } from '../../sdk/testing/connect.proxy.js';
import { startFakeHost, type FakeHost } from '../../sdk/testing/fake-host.js';
import { hostError } from '../../sdk/testing/host-error.js';
import { launchUpdater, type Launched } from '../../sdk/testing/launch.js';
import { minisignKey, signedWith } from './testing/minisign.js';
import { CHECKSUMS, FEED, startPublisher, type Publisher } from './testing/publisher.http.js';

const program = fileURLToPath(new URL('main.js', import.meta.url));
const TOKEN = 'test-token';

let dir: string;
let host: FakeHost;
let proxy: TestProxy;
let makers: Publisher;
let settings: Record<string, string>;
let onHostCall: ((what: string) => void) | undefined;
const launched: Launched[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lull-archive-'));
  onHostCall = undefined;
  makers = await startPublisher();
  await makers.publish('1.0.0', 'echo 1.0.0');
  host = await startFakeHost({
    dir,
    token: TOKEN,
    onCall: (what) => {
      onHostCall?.(what);
      return undefined;
    },
  });
  proxy = await startTestProxy(join(dir, 'egress.sock'), (asked) =>
    makers.authorities.includes(asked),
  );
  settings = { ...makers.settings, root: '/opt/tool', key: 'none' };
});

afterEach(async () => {
  for (const each of launched.splice(0)) await each.end('SIGKILL');
  await Promise.all([makers.close(), host.close(), proxy.close()]);
  rmSync(dir, { recursive: true });
});

const inRoot = (path: string): string => join(host.rootsDir, 'root', path);
const run = (): string => execFileSync(inRoot('bin/alias'), { encoding: 'utf8' }).trim();

async function launch(): Promise<Launched> {
  const egressSocket = proxy.socketPath;
  const argv = [process.execPath, program, 'dev.lull.archive', '0.1.0'];
  const started = await launchUpdater({ argv, host, dir, token: TOKEN, egressSocket, settings });
  launched.push(started);
  return started;
}

/** Each action in a launch of its own, as the plugin-host does it. */
async function perform(update: Update, action: Action, runId: string): Promise<Outcome['kind']> {
  const updater = await launch();
  const outcome = await updater.perform({ runId, update, action });
  expect(await updater.end('SIGTERM')).toEqual({ code: 0, stderr: '' });
  return outcome;
}

async function scan(): Promise<Update[]> {
  const updater = await launch();
  const found = await updater.scan('scan');
  await updater.end('SIGTERM');
  return found;
}

async function onlyUpdate(): Promise<Update> {
  const [update, ...more] = await scan();
  expect(more).toEqual([]);
  if (update === undefined) throw new Error('the scan found nothing');
  return update;
}

/** What went wrong with a scan. */
async function failureOfScan(): Promise<{ reason: unknown; message: string }> {
  const updater = await launch();
  const error: unknown = await updater.scan('s').catch((each: unknown) => each);
  await updater.end('SIGTERM');
  const { metadata, message } = error as Error & { metadata: { get(key: string): unknown[] } };
  return { reason: metadata.get('lull-reason')[0], message };
}

async function bringUpToDate(): Promise<Update> {
  const update = await onlyUpdate();
  const { toVersion } = update;
  expect(await perform(update, Action.DOWNLOAD, `d${toVersion}`)).toEqual(moreToDo(Action.INSTALL));
  expect(await perform(update, Action.INSTALL, `i${toVersion}`)).toEqual(moreToDo(Action.VERIFY));
  return update;
}

const moreToDo = (nextAction: Action): unknown => ({
  $case: 'moreToDo',
  value: { nextAction, expectedS: undefined },
});
const succeeded = { $case: 'succeeded', value: {} };
const failedWith = (reason: string): object => ({ $case: 'failed', value: { reason } });

describe('a program', () => {
  test('is installed where nothing is, brought up to date, and is no update then', async () => {
    const first = await bringUpToDate();
    expect(first).toMatchObject({ id: 'archive:tool', title: 'tool 1.0.0', fromVersion: '' });
    expect(await perform(first, Action.VERIFY, 'v1')).toEqual(succeeded);
    expect(run()).toBe('1.0.0');
    expect(await scan()).toEqual([]);

    await makers.publish('1.1.0', 'echo 1.1.0');
    const second = await bringUpToDate();
    expect(second).toMatchObject({ fromVersion: '1.0.0', toVersion: '1.1.0' });
    expect(Number(second.downloadBytes)).toBe(makers.files.get('tool-1.1.0-linux.tar.gz')?.length);
    expect(second.digest).toMatch(/^sha256-/);
    expect(await perform(second, Action.VERIFY, 'v2')).toEqual(succeeded);
    expect(run()).toBe('1.1.0');
    expect(readdirSync(inRoot(''))).toEqual(['.lull-archive', 'README', 'bin']);
    expect(readdirSync(host.workDir)).toEqual([]);
  });

  test('that does not start fails verification, and is rolled back', async () => {
    await bringUpToDate();
    await makers.publish('1.1.0', '<html>');
    const update = await bringUpToDate();
    const outcome = await perform(update, Action.VERIFY, 'v');
    expect(outcome).toMatchObject(failedWith('VERIFY_FAILED'));
    expect(JSON.stringify(outcome)).toContain('bin/tool of 1.1.0 does not start');
    expect(await perform(update, Action.ROLLBACK, 'r')).toEqual(succeeded);
    expect(run()).toBe('1.0.0');
  });

  test('of a file of checksums is kept up to date as well', async () => {
    settings = { ...settings, feed: `${new URL(settings['feed'] ?? '').origin}${CHECKSUMS}` };
    await makers.publish('1.2.0', 'echo 1.2.0');
    const update = await bringUpToDate();
    expect(update.toVersion).toBe('1.2.0');
    expect(run()).toBe('1.2.0');
  });
});

describe('killed', () => {
  test('while it takes the file for the installation, the same run starts over', async () => {
    await bringUpToDate();
    await makers.publish('1.1.0', 'echo 1.1.0');
    const update = await onlyUpdate();
    await perform(update, Action.DOWNLOAD, 'd');
    for (const at of ['fetch', 'commit']) {
      const first = await launch();
      onHostCall = (what) => {
        if (what !== at) return;
        first.child.kill('SIGKILL');
        throw hostError(status.UNAVAILABLE, 'SHUTTING_DOWN', 'the host goes down as well');
      };
      const cut = first.perform({ runId: 'i', update, action: Action.INSTALL });
      await expect(cut).rejects.toMatchObject({ code: status.UNAVAILABLE });
      onHostCall = undefined;
      expect(existsSync(join(host.workDir, 'stage'))).toBe(true);
      expect(run()).toBe('1.0.0');
    }
    // What was unpacked takes no space for ever, if nobody repeats it.
    await scan();
    expect(existsSync(join(host.workDir, 'stage'))).toBe(false);
    expect(await perform(update, Action.INSTALL, 'i')).toEqual(moreToDo(Action.VERIFY));
    expect(run()).toBe('1.1.0');
    expect(existsSync(join(host.workDir, 'stage'))).toBe(false);
    const commits = host.calls.filter((what) => what === 'commit').length;
    expect(await perform(update, Action.INSTALL, 'i')).toEqual(moreToDo(Action.VERIFY));
    expect(host.calls.filter((what) => what === 'commit')).toHaveLength(commits);
  });

  test('with its work directory lost, an installation asks for the download again', async () => {
    const update = await onlyUpdate();
    await perform(update, Action.DOWNLOAD, 'd');
    for (const each of readdirSync(host.workDir)) rmSync(join(host.workDir, each));
    expect(await perform(update, Action.INSTALL, 'i')).toEqual(moreToDo(Action.DOWNLOAD));
  });
});

describe('what is in the root is not thrown away', () => {
  test('by a scan that finds something else there, until it is told what it is', async () => {
    mkdirSync(inRoot('bin'), { recursive: true });
    writeFileSync(inRoot('bin/other'), 'x');
    expect(await failureOfScan()).toMatchObject({
      reason: 'ROOT_FOREIGN',
      message: expect.stringContaining('echo 1.2.3 > /opt/tool/.lull-archive') as unknown,
    });
    writeFileSync(inRoot('.lull-archive'), '0.9.0\n');
    await bringUpToDate();
    expect(run()).toBe('1.0.0');
  });

  test('by an installation over what was added or changed', async () => {
    await bringUpToDate();
    await makers.publish('1.1.0', 'echo 1.1.0');
    writeFileSync(inRoot('README'), 'mine');
    writeFileSync(inRoot('bin/notes'), 'mine');
    const update = await onlyUpdate();
    await perform(update, Action.DOWNLOAD, 'd');
    const outcome = await perform(update, Action.INSTALL, 'i');
    expect(outcome).toMatchObject(failedWith('ROOT_CHANGED'));
    expect(JSON.stringify(outcome)).toContain('README, bin/notes. They would be gone');
    expect(run()).toBe('1.0.0');
    rmSync(inRoot('bin/notes'));
    writeFileSync(inRoot('README'), 'of 1.0.0');
    expect(await perform(update, Action.INSTALL, 'i2')).toEqual(moreToDo(Action.VERIFY));
  });
});

describe('what comes in is wrong', () => {
  test('a file with another digest is refused, and nothing is installed', async () => {
    const update = await onlyUpdate();
    const asLong = 'x'.repeat(Number(update.downloadBytes));
    makers.instead.set('/storage/tool-1.0.0-linux.tar.gz', asLong);
    const outcome = await perform(update, Action.DOWNLOAD, 'd');
    expect(outcome).toMatchObject(failedWith('DIGEST_MISMATCH'));
    expect(await perform(update, Action.INSTALL, 'i')).toEqual(moreToDo(Action.DOWNLOAD));
    expect(existsSync(inRoot(''))).toBe(false);
  });

  test('an archive that leads out is refused, and the root is as it was', async () => {
    await bringUpToDate();
    await makers.publish('1.1.0', 'echo 1.1.0', [{ name: '../../../evil', text: 'x' }]);
    const update = await onlyUpdate();
    await perform(update, Action.DOWNLOAD, 'd');
    const outcome = await perform(update, Action.INSTALL, 'i');
    expect(outcome).toMatchObject({
      value: { reason: 'ARCHIVE_UNREADABLE', retry: false },
    });
    expect(run()).toBe('1.0.0');
    expect(existsSync(join(host.workDir, 'stage'))).toBe(false);
    expect(host.calls.filter((what) => what === 'commit')).toHaveLength(1);
  });

  test('a file that the feed has withdrawn since is gone', async () => {
    const update = await onlyUpdate();
    await makers.publish('1.0.0', 'echo another');
    expect((await perform(update, Action.DOWNLOAD, 'd'))?.$case).toBe('gone');
  });

  test('a file that may not be fetched says which settings decide that', async () => {
    const update = await onlyUpdate();
    onHostCall = () => {
      throw hostError(status.PERMISSION_DENIED, 'GRANT_MISSING', 'under no granted URL');
    };
    const outcome = await perform(update, Action.DOWNLOAD, 'd');
    expect(outcome).toMatchObject(failedWith('GRANT_MISSING'));
    expect(JSON.stringify(outcome)).toContain('nor below \\"redirect\\"');
  });

  test.each<[string, string | number | Buffer, string]>([
    ['a feed of 100 MB', Buffer.alloc(100_000_000, 'x'), 'UPSTREAM_DOWN'],
    ['a page', '<html>', 'UPSTREAM_DOWN'],
    ['503', 503, 'UPSTREAM_DOWN'],
    ['429', 429, 'RATE_LIMITED'],
    ['403, as GitHub asks for fewer requests', 403, 'RATE_LIMITED'],
    ['404', 404, 'FEED_MISSING'],
    ['no file for this machine', '[{"assets": [{"name": "tool.exe"}]}]', 'ASSET_MISSING'],
  ])('the feed answers with %s', async (_name, answer, reason) => {
    makers.instead.set(FEED, answer);
    expect(await failureOfScan()).toMatchObject({ reason });
  });

  test('nothing but prereleases is told, and none is taken', async () => {
    makers.files.clear();
    await makers.publish('1.0.0-rc.1', 'echo rc');
    expect(await scan()).toEqual([]);
    expect(host.logLines.join()).toContain('is a prerelease, such as 1.0.0-rc.1: none is taken');
  });

  test('an update of other settings', async () => {
    const update = await onlyUpdate();
    settings = { ...settings, program: 'bin/other' };
    expect(await perform(update, Action.INSTALL, 'i')).toMatchObject(failedWith('FIELD_INVALID'));
  });
});

describe('a feed that has to be signed', () => {
  test('is taken with the signature of the key, and with no other', async () => {
    const pair = generateKeyPairSync('ed25519');
    settings = { ...settings, key: minisignKey(pair.publicKey) };
    expect(await failureOfScan()).toMatchObject({ reason: 'FEED_MISSING' });

    const feed = Buffer.from(await (await fetch(makers.settings.feed)).arrayBuffer());
    makers.instead.set(`${FEED}.minisig`, signedWith(pair, feed));
    expect((await onlyUpdate()).toVersion).toBe('1.0.0');

    const other = generateKeyPairSync('ed25519');
    makers.instead.set(`${FEED}.minisig`, signedWith(other, feed));
    expect(await failureOfScan()).toMatchObject({ reason: 'SIGNATURE_INVALID' });

    settings = { ...settings, key: 'RWno-key' };
    expect(await failureOfScan()).toMatchObject({ reason: 'FIELD_INVALID' });
  });
});
