// The whole updater as a process, without the sandbox: against a registry, a proxy and a host of the
// test's own.

import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import { Action, type Outcome, type Update } from '../../proto/gen/lull/updater/v1/updater.js';
import { startTestProxy, type TestProxy } from '../../sdk/testing/connect.proxy.js';
import { startFakeHost, type FakeHost } from '../../sdk/testing/fake-host.js';
import { hostError } from '../../sdk/testing/host-error.js';
import { launchUpdater, type Launched } from '../../sdk/testing/launch.js';
import { putInstalled } from './testing/prefix.fs.js';
import { startTestRegistry, type TestPackage, type TestRegistry } from './testing/registry.http.js';

const program = fileURLToPath(new URL('main.js', import.meta.url));
const TOKEN = 'test-token';

const cli = (text: string): string => `#!/usr/bin/env node\n${text}\n`;
const bin = { hello: 'cli.js' };
const hello1: TestPackage = {
  name: 'hello',
  version: '1.0.0',
  about: { bin: { ...bin, 'hello-old': 'cli.js' } },
  files: { 'cli.js': cli('console.log("hello 1.0.0")') },
};
const hello2: TestPackage = {
  name: 'hello',
  version: '2.0.0',
  about: { bin, dependencies: { greeting: '^1.0.0' } },
  files: { 'cli.js': cli('console.log("hello 2.0.0 says", require("greeting"))') },
};
const greeting: TestPackage = {
  name: 'greeting',
  version: '1.2.0',
  about: { main: 'main.js' },
  files: { 'main.js': 'module.exports = "good evening";' },
};
const tool1: TestPackage = {
  name: '@acme/tool',
  version: '1.0.0',
  about: { bin: 'tool.js' },
  files: { 'tool.js': cli('console.log("tool 1.0.0")') },
};
const tool2: TestPackage = {
  ...tool1,
  version: '1.1.0',
  files: { 'tool.js': cli('require("not-there")') },
};
const unknown: TestPackage = { name: 'in-house', version: '0.1.0', files: {} };

let dir: string;
let host: FakeHost;
let proxy: TestProxy;
let registry: TestRegistry;
let onHostCall: ((what: string) => void) | undefined;
let granted: boolean;
const launched: Launched[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lull-npm-'));
  granted = true;
  onHostCall = undefined;
  registry = await startTestRegistry([hello1, hello2, greeting, tool1, tool2]);
  host = await startFakeHost({
    dir,
    token: TOKEN,
    onCall: (what) => {
      onHostCall?.(what);
      return undefined;
    },
  });
  proxy = await startTestProxy(
    join(dir, 'egress.sock'),
    (authority) => granted && authority === registry.authority,
  );
  await putInstalled(prefix(), hello1);
  await putInstalled(prefix(), tool1);
  await putInstalled(prefix(), unknown);
});

afterEach(async () => {
  for (const each of launched.splice(0)) await each.end('SIGKILL');
  await Promise.all([registry.close(), host.close(), proxy.close()]);
  rmSync(dir, { recursive: true });
});

function prefix(): string {
  return join(host.rootsDir, 'prefix');
}

function run(command: string): string {
  return execFileSync(join(prefix(), 'bin', command), { encoding: 'utf8' }).trim();
}

async function launch(): Promise<Launched> {
  const started = await launchUpdater({
    argv: [process.execPath, program],
    host,
    dir,
    token: TOKEN,
    egressSocket: proxy.socketPath,
    settings: { prefix: '/opt/tools', registry: registry.url },
  });
  launched.push(started);
  return started;
}

/** Each action in a launch of its own, as the plugin-host does it. */
async function perform(update: Update, action: Action, runId: string): Promise<Outcome['kind']> {
  const updater = await launch();
  const outcome = await updater.perform({ runId, update, action });
  const { code, stderr } = await updater.end('SIGTERM');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return outcome;
}

async function scanFor(id: string): Promise<Update> {
  const updater = await launch();
  const found = await updater.scan('scan');
  await updater.end('SIGTERM');
  const update = found.find((each) => each.id === id);
  if (update === undefined) throw new Error(`${id} was not found`);
  return update;
}

const moreToDo = (nextAction: Action): unknown => ({
  $case: 'moreToDo',
  value: { nextAction, expectedS: undefined },
});
const succeeded = { $case: 'succeeded', value: {} };

describe('an update', () => {
  test('goes from scan to a program that says its new version', async () => {
    const updater = await launch();
    const found = await updater.scan('scan-1');
    expect(found.map(({ id, fromVersion, toVersion }) => [id, fromVersion, toVersion])).toEqual([
      ['npm:@acme/tool', '1.0.0', '1.1.0'],
      ['npm:hello', '1.0.0', '2.0.0'],
    ]);
    expect(found[1]?.installBytes).toBe(1_000n);
    expect(host.logLines.join()).toContain('in-house is installed, but the registry does not know');
    await updater.end('SIGTERM');

    const update = await scanFor('npm:hello');
    expect(await perform(update, Action.DOWNLOAD, 'r1')).toEqual(moreToDo(Action.INSTALL));
    expect(run('hello')).toBe('hello 1.0.0');
    expect(await perform(update, Action.INSTALL, 'r2')).toEqual(moreToDo(Action.VERIFY));
    expect(await perform(update, Action.VERIFY, 'r3')).toEqual(succeeded);
    expect(run('hello')).toBe('hello 2.0.0 says good evening');

    // The rest of the prefix is as it was, and the command that went away is gone.
    expect(run('tool')).toBe('tool 1.0.0');
    expect(readdirSync(join(prefix(), 'bin'))).toEqual(['hello', 'tool']);
    expect(lstatSync(join(prefix(), 'lib/node_modules/hello/cli.js')).mode & 0o777).toBe(0o755);
    // Nothing stays in the work directory.
    expect(readdirSync(host.workDir)).toEqual(['updates']);
    expect(readdirSync(join(host.workDir, 'updates'))).toEqual([]);
  });

  test('is not offered once it is installed', async () => {
    const update = await scanFor('npm:hello');
    await perform(update, Action.DOWNLOAD, 'r1');
    await perform(update, Action.INSTALL, 'r2');
    await expect(scanFor('npm:hello')).rejects.toThrow('was not found');
  });

  test('that does not start fails verification and is rolled back', async () => {
    const update = await scanFor('npm:@acme/tool');
    await perform(update, Action.DOWNLOAD, 'r1');
    await perform(update, Action.INSTALL, 'r2');
    const outcome = await perform(update, Action.VERIFY, 'r3');
    expect(outcome).toMatchObject({ $case: 'failed', value: { reason: 'VERIFY_FAILED' } });
    expect(JSON.stringify(outcome)).toContain("Cannot find module 'not-there'");
    expect(await perform(update, Action.ROLLBACK, 'r4')).toEqual(succeeded);
    expect(run('tool')).toBe('tool 1.0.0');
  });

  test('is forgotten with everything that was kept for it', async () => {
    const update = await scanFor('npm:hello');
    await perform(update, Action.DOWNLOAD, 'r1');
    expect(existsSync(join(host.workDir, 'updates/hello/2.0.0/plan.json'))).toBe(true);
    const { client } = await launch();
    for (const updateId of [update.id, update.id, 'npm:never-seen', '../../etc']) {
      await new Promise<void>((resolve, reject) => {
        client.forget({ updateId }, (error) => {
          if (error === null) resolve();
          else reject(error);
        });
      });
    }
    expect(readdirSync(join(host.workDir, 'updates'))).toEqual([]);
  });
});

describe('killed', () => {
  test('while it takes tarballs for the installation, the same run starts over', async () => {
    const update = await scanFor('npm:hello');
    await perform(update, Action.DOWNLOAD, 'r1');
    const first = await launch();
    onHostCall = (what) => {
      if (what === 'fetch') first.child.kill('SIGKILL');
    };
    const cut = first.perform({ runId: 'r2', update, action: Action.INSTALL });
    await expect(cut).rejects.toMatchObject({ code: status.UNAVAILABLE });
    onHostCall = undefined;
    expect(run('hello')).toBe('hello 1.0.0');
    expect(await perform(update, Action.INSTALL, 'r2')).toEqual(moreToDo(Action.VERIFY));
    expect(run('hello')).toBe('hello 2.0.0 says good evening');
  });

  test('just before the commit, the old version works and the same run finishes', async () => {
    const update = await scanFor('npm:hello');
    await perform(update, Action.DOWNLOAD, 'r1');
    const first = await launch();
    onHostCall = (what) => {
      if (what !== 'commit') return;
      first.child.kill('SIGKILL');
      throw hostError(status.UNAVAILABLE, 'SHUTTING_DOWN', 'the host goes down as well');
    };
    const cut = first.perform({ runId: 'r2', update, action: Action.INSTALL });
    await expect(cut).rejects.toMatchObject({ code: status.UNAVAILABLE });
    onHostCall = undefined;
    expect(existsSync(join(host.workDir, 'stage'))).toBe(true);
    expect(run('hello')).toBe('hello 1.0.0');
    expect(await perform(update, Action.INSTALL, 'r2')).toEqual(moreToDo(Action.VERIFY));
    expect(run('hello')).toBe('hello 2.0.0 says good evening');
    expect(existsSync(join(host.workDir, 'stage'))).toBe(false);
  });

  test('after the commit, the same run says that it is done and commits nothing', async () => {
    const update = await scanFor('npm:hello');
    await perform(update, Action.DOWNLOAD, 'r1');
    await perform(update, Action.INSTALL, 'r2');
    expect(await perform(update, Action.INSTALL, 'r2')).toEqual(moreToDo(Action.VERIFY));
    expect(host.calls.filter((what) => what === 'commit')).toHaveLength(1);
  });

  test('with its work directory lost, an installation asks for the download again', async () => {
    const update = await scanFor('npm:hello');
    await perform(update, Action.DOWNLOAD, 'r1');
    rmSync(join(host.workDir, 'updates'), { recursive: true });
    expect(await perform(update, Action.INSTALL, 'r2')).toEqual(moreToDo(Action.DOWNLOAD));
  });
});

describe('a second download', () => {
  test('of the same version asks the registry for nothing but what the host lacks', async () => {
    const update = await scanFor('npm:hello');
    await perform(update, Action.DOWNLOAD, 'r1');
    registry.requests.length = 0;
    await perform(update, Action.DOWNLOAD, 'r2');
    expect(registry.requests.filter((path) => !path.endsWith('.tgz'))).toEqual([]);
  });
});

describe('a download that was refused', () => {
  test('asks the registry again, which may have been mended', async () => {
    const update = await scanFor('npm:hello');
    onHostCall = () => {
      throw hostError(status.PERMISSION_DENIED, 'GRANT_MISSING', 'under no granted URL');
    };
    const outcome = await perform(update, Action.DOWNLOAD, 'r1');
    expect(outcome).toMatchObject({ $case: 'failed', value: { reason: 'GRANT_MISSING' } });
    onHostCall = undefined;
    registry.requests.length = 0;
    expect(await perform(update, Action.DOWNLOAD, 'r2')).toEqual(moreToDo(Action.INSTALL));
    expect(registry.requests).toContain('hello');
  });

  test('of another registry is not gone on with', async () => {
    const update = await scanFor('npm:hello');
    await perform(update, Action.DOWNLOAD, 'r1');
    const other = await startTestRegistry([hello1, hello2, greeting, tool1, tool2]);
    const before = registry;
    registry = other; // As an operator binds it.
    try {
      expect(await perform(update, Action.INSTALL, 'r2')).toEqual(moreToDo(Action.DOWNLOAD));
      expect(await perform(update, Action.DOWNLOAD, 'r3')).toEqual(moreToDo(Action.INSTALL));
      expect(other.requests).toContain('hello');
    } finally {
      await before.close();
    }
  });
});

test('a prefix that is not there is told, and not taken for an empty one', async () => {
  rmSync(prefix(), { recursive: true });
  const updater = await launch();
  const error: unknown = await updater.scan('s').catch((each: unknown) => each);
  expect(reasonOf(error)).toBe('PREFIX_MISSING');
  expect((error as Error).message).toContain('there is no directory /opt/tools. Make it, or bind');
});

describe('what comes in is wrong', () => {
  test('a tarball with another digest is refused with the reason of the host', async () => {
    const update = await scanFor('npm:hello');
    registry.faults.set('greeting-1.2.0.tgz', 'corrupt');
    const outcome = await perform(update, Action.DOWNLOAD, 'r1');
    expect(outcome).toMatchObject({
      $case: 'failed',
      value: { reason: 'DIGEST_MISMATCH', retry: false },
    });
    expect(run('hello')).toBe('hello 1.0.0');
  });

  test('the registry answers 503 to a scan', async () => {
    registry.statusCode = 503;
    const updater = await launch();
    const error: unknown = await updater.scan('s').catch((each: unknown) => each);
    expect(error).toMatchObject({ code: status.UNAVAILABLE });
    expect(reasonOf(error)).toBe('UPSTREAM_DOWN');
  });

  test('the registry is down during a scan', async () => {
    await registry.close();
    const updater = await launch();
    const error: unknown = await updater.scan('s').catch((each: unknown) => each);
    expect(reasonOf(error)).toBe('UPSTREAM_DOWN');
  });

  test('the registry is down during a download', async () => {
    const update = await scanFor('npm:hello');
    await registry.close();
    const outcome = await perform(update, Action.DOWNLOAD, 'r1');
    expect(outcome).toMatchObject({
      $case: 'failed',
      value: { reason: 'UPSTREAM_DOWN', retry: true },
    });
  });

  test('the registry was not granted', async () => {
    granted = false;
    const updater = await launch();
    const error: unknown = await updater.scan('s').catch((each: unknown) => each);
    expect(error).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(reasonOf(error)).toBe('GRANT_MISSING');
  });

  test('an update that this updater never offered', async () => {
    const update = { ...(await scanFor('npm:hello')), id: 'npm:../../etc' };
    const outcome = await perform(update, Action.INSTALL, 'r1');
    expect(outcome).toMatchObject({ $case: 'failed', value: { reason: 'FIELD_INVALID' } });
  });

  test('the command of the new version belongs to another program', async () => {
    rmSync(join(prefix(), 'bin/hello'));
    writeFileSync(join(prefix(), 'bin/hello'), '#!/bin/sh\necho mine\n', { mode: 0o755 });
    const update = await scanFor('npm:hello');
    await perform(update, Action.DOWNLOAD, 'r1');
    const outcome = await perform(update, Action.INSTALL, 'r2');
    expect(outcome).toMatchObject({ $case: 'failed', value: { reason: 'COMMAND_TAKEN' } });
    expect(run('hello')).toBe('mine');
    expect(existsSync(join(host.workDir, 'stage'))).toBe(false);
  });
});

function reasonOf(error: unknown): unknown {
  return (error as { metadata: { get(key: string): unknown[] } }).metadata.get('lull-reason')[0];
}
