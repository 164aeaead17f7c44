// The whole updater as a process, without the sandbox: with the script of README.md as its tool, against a
// server, a proxy and a host of the test's own.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  Action,
  Severity,
  type DescribeResponse,
  type PerformResponse,
  type Update,
} from '../../proto/gen/lull/updater/v1/updater.js';
import { until } from '../../runtime/until.testing.js';
import { startTestProxy, type TestProxy } from '../../sdk/testing/connect.proxy.js';
import { startFakeHost, type FakeHost } from '../../sdk/testing/fake-host.js';
import { launchUpdater, type Launched } from '../../sdk/testing/launch.js';

const program = fileURLToPath(new URL('main.js', import.meta.url));
// From dist/updaters/command to updaters/command.
const source = fileURLToPath(new URL('../../../updaters/command/', import.meta.url));
const manifest = JSON.parse(readFileSync(join(source, 'manifest.json'), 'utf8')) as {
  readonly entrypoint: readonly string[];
  readonly id: string;
  readonly version: string;
};
const TOKEN = 'test-token';
const moreToDo = (nextAction: Action) => ({ $case: 'moreToDo', value: { nextAction } });
const succeeded = { $case: 'succeeded', value: {} };

let dir: string;
let root: string;
let host: FakeHost;
let proxy: TestProxy;
let server: Server;
let authority: string;
/** What the server has, by path. */
let files: Map<string, string>;
let settings: Record<string, string>;
let egress: boolean;
const launched: Launched[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lull-cmd-'));
  files = new Map();
  server = createServer((request, response) => {
    const content = files.get((request.url ?? '').slice(1));
    response.writeHead(content === undefined ? 404 : 200).end(content);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  authority = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  host = await startFakeHost({ dir, token: TOKEN });
  proxy = await startTestProxy(join(dir, 'egress.sock'), (asked) => asked === authority);
  root = join(host.rootsDir, 'root');
  mkdirSync(root);
  egress = true;
  settings = { root: '/srv/words', tool: '/srv/words/tool', server: `http://${authority}` };
});

afterEach(async () => {
  for (const each of launched.splice(0)) await each.end('SIGKILL');
  await Promise.all([host.close(), proxy.close()]);
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  rmSync(dir, { recursive: true });
});

/** The tool lies in the root, where the sandbox shows it elsewhere. */
function toolIs(text: string): void {
  writeFileSync(join(root, 'tool'), text, { mode: 0o755 });
}

/** One that offers all of it and does, for the action, what it is told. */
function toolDoes(action: string, text: string): void {
  const offers = 'lull-tool 1 download install verify rollback';
  toolIs(`#!/bin/sh\ncase $1 in\noffers) echo ${offers} ;;\n${action})\n${text}\n;;\nesac\n`);
}

function publish(name: string, version: string, content: string, sha256?: string): void {
  const digest = sha256 ?? createHash('sha256').update(content).digest('hex');
  files.set(`${name}-${version}`, content);
  files.set('index', `${name} ${version} ${digest}\n`);
}

async function launch(): Promise<Launched> {
  const [, , ...args] = manifest.entrypoint;
  const updater = await launchUpdater({
    argv: [process.execPath, program, ...args],
    ...{ host, dir, token: TOKEN, settings },
    ...(egress && { egressSocket: proxy.socketPath }),
  });
  launched.push(updater);
  return updater;
}

/** In a launch of its own, as the plugin-host does it. */
async function perform(
  update: Update,
  action: Action,
  { runId = `${String(action)}-${update.toVersion}`, said = [] as PerformResponse[] } = {},
) {
  const updater = await launch();
  const outcome = await updater.perform({ runId, update, action }, (each) => said.push(each));
  return { outcome, ended: await updater.end('SIGTERM') };
}

async function scan(): Promise<Update[]> {
  const updater = await launch();
  const found = await updater.scan('scan');
  await updater.end('SIGTERM');
  return found;
}

async function scanned(): Promise<Update> {
  const [update] = await scan();
  if (update === undefined) throw new Error('the scan found nothing');
  return update;
}

async function scanFailure(): Promise<{ reason: unknown; message: string }> {
  const error: unknown = await scan().catch((each: unknown) => each);
  const { details, metadata } = error as { details: string; metadata: Map<string, unknown[]> };
  return { reason: metadata.get('lull-reason')?.[0], message: details };
}

const offered: Update = {
  ...{ id: 'words', title: 'words 2', fromVersion: '1', toVersion: '2', security: false },
  ...{ downloadBytes: undefined, installBytes: undefined, releaseNotesUrl: '' },
  ...{ deadlineUnixMs: undefined, needs: undefined, exclusive: false, conflictKeys: [] },
  ...{ expectedS: undefined, nextAction: Action.INSTALL, digest: '' },
  severity: Severity.UNSPECIFIED,
};

test('is what its manifest says', async () => {
  const { client } = await launch();
  const answer = await new Promise<DescribeResponse>((resolve, reject) => {
    client.describe({}, (error, response) => {
      if (error === null) resolve(response);
      else reject(error);
    });
  });
  expect(answer).toMatchObject({ name: manifest.id, version: manifest.version });
});

const missing = process.env['PATH']?.split(':').some((each) => existsSync(join(each, 'curl')))
  ? ''
  : ' (skipped here: curl is not installed)';

(missing === '' ? describe : describe.skip)(`the script of README.md${missing}`, () => {
  const readme = readFileSync(join(source, 'README.md'), 'utf8');
  const script = /^```sh\n(#!.*?)^```$/ms.exec(readme)?.[1] ?? '';
  const shown = (name: string) => readFileSync(join(root, name), 'utf8');
  beforeEach(() => {
    toolIs(script);
  });

  test('a first version, a second one that does not work, and back', async () => {
    for (const [version, content] of Object.entries({ 1: 'one\n', 2: '' })) {
      publish('words', version, content);
      const update = await scanned();
      expect(update).toMatchObject({
        ...{ id: 'words', toVersion: version, nextAction: Action.DOWNLOAD },
        fromVersion: version === '1' ? '' : '1',
      });
      const { outcome } = await perform(update, Action.DOWNLOAD);
      expect(outcome).toMatchObject(moreToDo(Action.INSTALL));
      const said: PerformResponse[] = [];
      const installed = await perform(update, Action.INSTALL, { said });
      expect(installed.outcome).toMatchObject(moreToDo(Action.VERIFY));
      expect(said).toContainEqual({
        kind: { $case: 'progress', value: { fraction: 0.9, step: 'switching' } },
      });
      expect(shown('words')).toBe(content);
      expect(await scan()).toEqual([]);
      const verified = await perform(update, Action.VERIFY);
      if (version === '1') {
        expect(verified).toEqual({ outcome: succeeded, ended: { code: 0, stderr: '' } });
        continue;
      }
      expect(verified).toMatchObject({
        outcome: {
          value: { reason: 'VERIFY_FAILED', message: 'verify: words 2 is empty (exit code 1)' },
        },
        ended: { stderr: 'words 2 is empty\n' },
      });
      expect((await perform(update, Action.ROLLBACK)).outcome).toEqual(succeeded);
    }
    expect(shown('words')).toBe('one\n');
    // Everything went through the proxy, and no run has left its directory.
    expect(new Set(proxy.targets)).toEqual(new Set([authority]));
    expect(readdirSync(join(host.workDir, 'runs'))).toEqual([]);
  });

  test('content with another digest is refused', async () => {
    publish('words', '1', 'one\n', '0'.repeat(64));
    expect((await perform(await scanned(), Action.DOWNLOAD)).outcome).toMatchObject({
      value: { reason: 'DIGEST_MISMATCH', giveUp: true },
    });
    expect(readdirSync(root)).toEqual(['tool']);
  });

  test('a version that went away is no failure', async () => {
    publish('words', '1', 'one\n');
    const update = await scanned();
    publish('words', '2', 'two\n');
    expect((await perform(update, Action.DOWNLOAD)).outcome?.$case).toBe('gone');
  });

  test('a server that does not answer is told as that', async () => {
    const failure = await scanFailure();
    expect(failure.reason).toBe('UPSTREAM_DOWN');
    expect(failure.message).toMatch(/^scan: curl: .*404/);
  });

  test('is killed -9 in mid-install, and called again to the end', async () => {
    publish('words', '1', 'one\n');
    const update = await scanned();
    await perform(update, Action.DOWNLOAD);
    // Stands still after half of it, once.
    toolIs(script.replace('echo "90%', '[ "$LULL_ATTEMPT" = 2 ] || sleep 2\n  echo "90%'));
    const first = await launch();
    const cut = first.perform({ runId: 'r', update, action: Action.INSTALL });
    cut.catch(() => undefined);
    await until('the first half', () => existsSync(join(root, 'words-1')));
    await first.end('SIGKILL');
    await expect(cut).rejects.toThrow();
    expect(existsSync(join(root, 'words'))).toBe(false);
    expect((await perform(update, Action.INSTALL, { runId: 'r' })).outcome).toMatchObject(
      moreToDo(Action.VERIFY),
    );
    expect(shown('words')).toBe('one\n');
    // And once more, for a host that did not hear of it.
    expect((await perform(update, Action.INSTALL, { runId: 'r' })).outcome).toMatchObject(
      moreToDo(Action.VERIFY),
    );
  });
});

describe('a tool', () => {
  test('is told what it is called for, and nothing of the launch', async () => {
    toolDoes('install', 'env >"$LULL_ROOT/env"; printf "%s\\n" "$PWD" "$@" >"$LULL_ROOT/args"');
    settings['channel'] = 'beta';
    await perform(offered, Action.INSTALL);
    const work = join(host.workDir, 'tool');
    expect(readFileSync(join(root, 'args'), 'utf8')).toBe(`${work}\ninstall\nwords\n2\n`);
    const env = readFileSync(join(root, 'env'), 'utf8').split('\n');
    expect(env).toEqual(
      expect.arrayContaining([`LULL_ROOT=${root}`, `HOME=${work}`, 'LULL_FROM_VERSION=1']),
    );
    expect(env).toEqual(expect.arrayContaining(['LULL_SETTING_CHANNEL=beta', 'LULL_ATTEMPT=1']));
    expect(env.join('\n')).toMatch(/^https_proxy=http:\/\/127\.0\.0\.1:\d+$/m);
    expect(env.join('\n')).not.toMatch(/TOKEN|SOCK/);
  });

  test('has no way to the network where none was granted, and works', async () => {
    egress = false;
    toolDoes('scan', 'printf "a\\t1\\ttitle=%s\\n" "$(env | grep -ci proxy)"');
    expect(await scan()).toMatchObject([{ title: '0' }]);
  });

  test('finds in a checkpoint what a cut attempt left, until the run has an outcome', async () => {
    toolDoes(
      'install',
      'cat "$LULL_CHECKPOINT/half" >"$LULL_ROOT/found" 2>/dev/null\n' +
        'cd "$LULL_CHECKPOINT"; echo half >part; mv part half; [ -s "$LULL_ROOT/found" ] || sleep 100',
    );
    const first = await launch();
    const cut = first.perform({ runId: 'r', update: offered, action: Action.INSTALL });
    cut.catch(() => undefined);
    const runs = join(host.workDir, 'runs');
    await until(
      'a half',
      () => existsSync(runs) && readdirSync(runs, { recursive: true }).join().endsWith('half'),
    );
    await first.end('SIGTERM');
    await expect(cut).rejects.toThrow();
    const { outcome } = await perform(offered, Action.INSTALL, { runId: 'r' });
    expect(outcome).toMatchObject(moreToDo(Action.VERIFY));
    expect(readFileSync(join(root, 'found'), 'utf8')).toBe('half\n');
    expect(readdirSync(runs)).toEqual([]);
  });

  test('that leaves something running is told on, and has it ended', async () => {
    toolDoes('install', 'sleep 100 & echo "notice: restart the words"');
    const said: PerformResponse[] = [];
    await perform(offered, Action.INSTALL, { said });
    const notices = said.flatMap(({ kind }) => (kind?.$case === 'notice' ? [kind.value] : []));
    expect(notices.map(({ message }) => message).sort()).toEqual([
      'install: what the tool left running was ended',
      'restart the words',
    ]);
  });

  test('that was not made for this is asked to change nothing', async () => {
    toolIs('#!/bin/sh\n[ "$1" = offers ] || echo "$1" >>"$LULL_ROOT/called"\necho hello\n');
    const { outcome } = await perform(offered, Action.INSTALL);
    expect(outcome).toMatchObject({ value: { reason: 'TOOL_UNFIT', giveUp: true } });
    expect(await scanFailure()).toMatchObject({ reason: 'TOOL_UNFIT' });
    expect(existsSync(join(root, 'called'))).toBe(false);
  });

  test('is not asked for what it does not offer', async () => {
    toolIs('#!/bin/sh\n[ "$1" = offers ] && echo lull-tool 1 install\nexit 0\n');
    expect((await perform(offered, Action.INSTALL)).outcome).toEqual(succeeded);
    const message =
      'the tool does not offer rollback: words 2 stays where it is. Put the version before there by hand';
    expect((await perform(offered, Action.ROLLBACK)).outcome).toMatchObject({
      value: { reason: 'CAPABILITY_ABSENT', message },
    });
    expect((await perform(offered, Action.REBOOT)).outcome).toMatchObject({
      value: { reason: 'CAPABILITY_ABSENT' },
    });
  });

  test('that is not there is told with where it may be', async () => {
    settings['tool'] = '/opt/words/tool';
    const failure = await scanFailure();
    expect(failure.reason).toBe('TOOL_MISSING');
    expect(failure.message).toContain('there is no /opt/words/tool in the sandbox');
  });

  test('is never given what it would take for an option', async () => {
    toolDoes('install', ':');
    expect((await perform({ ...offered, id: '-rf' }, Action.INSTALL)).outcome).toMatchObject({
      value: { reason: 'FIELD_INVALID' },
    });
  });

  test('that prints a line which cannot be read finds nothing at all', async () => {
    toolDoes('scan', 'printf "a\\t1\\nb 2\\n"');
    const failure = await scanFailure();
    expect(failure).toEqual({
      reason: 'TOOL_GARBLED',
      message: expect.stringContaining('line 2 of its scan: "b 2" is no id'),
    });
  });

  test('says in its last line why it failed, without colours', async () => {
    toolDoes('install', 'printf "first\\n\\033[31mthe disk\\377 is full\\033[0m\\n" >&2; exit 73');
    const { outcome, ended } = await perform(offered, Action.INSTALL);
    const message = 'install: the disk\ufffd is full (exit code 73)';
    expect(outcome).toMatchObject({ value: { reason: 'NO_SPACE', message, retry: true } });
    expect(ended.stderr).toBe('first\nthe disk\ufffd is full\n');
  });
});
