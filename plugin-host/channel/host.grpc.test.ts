import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LogRequest_Severity } from '../../proto/gen/lull/host/v1/host.js';
import { unary } from '../../runtime/grpc.js';
import { reasonOf } from '../../runtime/reason.js';
import { hexOf } from '../artifacts/upstream.http.testing.js';
import { content, openHostRig, options, refusal, type HostRig } from './host-rig.grpc.testing.js';
import type { TestRun } from './hosted-run.testing.js';

let rig: HostRig;

beforeEach(async () => {
  rig = await openHostRig();
});

afterEach(() => rig.close());

async function reopen(changes: Partial<TestRun>): Promise<void> {
  await rig.close();
  rig = await openHostRig(changes);
}

const line = (message: string) => ({ severity: LogRequest_Severity.INFO, message });

describe('Fetch', () => {
  test('ends with exactly one artifact, at the path inside the sandbox', async () => {
    const answers = await rig.fetchAll(rig.fetchRequest());
    const sha256 = hexOf('sha256', content);
    expect(answers.at(-1)?.kind).toEqual({
      $case: 'artifact',
      value: { sha256, sizeBytes: 200_000n, path: `/lull/artifacts/${sha256}` },
    });
    expect(answers.filter(({ kind }) => kind?.$case === 'artifact')).toHaveLength(1);
    expect(answers.slice(0, -1).every(({ kind }) => kind?.$case === 'progress')).toBe(true);
    expect(await readFile(join(rig.dir, 'shown', sha256))).toEqual(content);
    expect(rig.run.events).toEqual([expect.objectContaining({ kind: 'downloaded', sha256 })]);
  });

  test.each([
    [{ digests: [] }, status.INVALID_ARGUMENT, 'FIELD_INVALID'],
    [{ url: 'file:///etc/passwd' }, status.INVALID_ARGUMENT, 'FIELD_INVALID'],
    [{ sizeMaxBytes: 0n }, status.INVALID_ARGUMENT, 'FIELD_INVALID'],
    [{ url: 'https://elsewhere.example/' }, status.PERMISSION_DENIED, 'GRANT_MISSING'],
    [{ sizeBytes: 7n }, status.UNAVAILABLE, 'UPSTREAM_DOWN'],
  ])('%j is refused', async (change, code, reason) => {
    expect(await refusal(rig.fetchAll(rig.fetchRequest(change)))).toEqual([code, reason]);
  });

  test('stands still while the run is frozen', async () => {
    rig.run.freeze();
    let settled = false;
    const came = rig.nextCall();
    const fetched = rig.fetchAll(rig.fetchRequest()).finally(() => {
      settled = true;
    });
    await came;
    expect([settled, rig.upstream.seen]).toEqual([false, []]);
    rig.run.thaw();
    await fetched;
  });

  test('ends with CANCELLED when the run is over', async () => {
    rig.run.freeze();
    const came = rig.nextCall();
    const fetched = refusal(rig.fetchAll(rig.fetchRequest()));
    await came;
    rig.run.end();
    expect(await fetched).toEqual([status.CANCELLED, 'RUN_OVER']);
  });

  test('more of them at once than one updater may have', async () => {
    rig.run.freeze();
    const calls = Array.from({ length: 10 }, () =>
      rig.fetchAll(rig.fetchRequest()).catch(reasonOf),
    );
    const first = await Promise.race(calls);
    expect(first).toBe('RATE_LIMITED');
    rig.run.thaw();
    const outcomes = await Promise.all(calls);
    expect(outcomes.filter((outcome) => outcome === 'RATE_LIMITED')).toHaveLength(2);
    expect(rig.upstream.seen).toHaveLength(1);
  });
});

test('Commit and Revert change the root and answer with receipts', async () => {
  const commit = (stagedPath: string) =>
    unary(
      rig.client.commit.bind(rig.client),
      { runId: 'run-1', root: 'tools', stagedPath, replacedPaths: [] },
      options,
    );
  const revert = () =>
    unary(rig.client.revert.bind(rig.client), { runId: 'run-1', root: 'tools' }, options);
  await mkdir(join(rig.dir, 'work', 'staged'));
  await writeFile(join(rig.dir, 'work', 'staged', 'x'), 'new');
  expect(await refusal(revert())).toEqual([status.FAILED_PRECONDITION, 'NO_PREVIOUS']);
  expect(await refusal(commit('../etc'))).toEqual([status.INVALID_ARGUMENT, 'FIELD_INVALID']);
  await mkdir(join(rig.dir, 'opt', 'tools'));
  await writeFile(join(rig.dir, 'opt', 'tools', 'x'), 'old');
  const { receipt } = await commit('staged');
  expect(receipt).toMatchObject({ root: 'tools', fileCount: 1, sizeBytes: 3n });
  expect(await readFile(join(rig.dir, 'opt', 'tools', 'x'), 'utf8')).toBe('new');
  expect((await revert()).receipt?.treeAfterSha256).toBe(receipt?.treeBeforeSha256);
  expect(await readFile(join(rig.dir, 'opt', 'tools', 'x'), 'utf8')).toBe('old');
  expect(rig.run.events.map(({ kind }) => kind)).toEqual(['notice', 'installed', 'installed']);
});

test('another tree for a root that this run has committed is another request, until an attempt stages anew', async () => {
  const commit = (stagedPath: string) =>
    unary(
      rig.client.commit.bind(rig.client),
      { runId: 'run-1', root: 'tools', stagedPath, replacedPaths: [] },
      options,
    );
  for (const name of ['one', 'two']) {
    await mkdir(join(rig.dir, 'work', name));
    await writeFile(join(rig.dir, 'work', name, 'x'), name);
  }
  // What was refused may be staged elsewhere.
  expect(await refusal(commit('none'))).toEqual([status.INVALID_ARGUMENT, 'FIELD_INVALID']);
  const first = await commit('one');
  expect(await commit('one')).toEqual(first);
  expect(await refusal(commit('two'))).toEqual([status.ALREADY_EXISTS, 'ALREADY_COMMITTED']);
  // Killed, and launched again under its id: it cannot know what it had committed.
  rig.hold({ ...rig.run });
  expect(await commit('two')).toEqual(first);
  expect(await readFile(join(rig.dir, 'opt', 'tools', 'x'), 'utf8')).toBe('one');
});

test('a scan, a download or a verify changes no root: they begin where less is asked', async () => {
  await reopen({ changesRoots: false });
  await mkdir(join(rig.dir, 'work', 'staged'));
  const root = { runId: 'run-1', root: 'tools' };
  const asked = [
    unary(
      rig.client.commit.bind(rig.client),
      { ...root, stagedPath: 'staged', replacedPaths: [] },
      options,
    ),
    unary(rig.client.revert.bind(rig.client), root, options),
  ];
  for (const each of asked) {
    expect(await refusal(each)).toEqual([status.PERMISSION_DENIED, 'GRANT_MISSING']);
  }
  expect(rig.run.events).toMatchObject([
    { kind: 'notice', reason: 'GRANT_MISSING' },
    { kind: 'notice', reason: 'GRANT_MISSING' },
  ]);
});

describe('a critical section', () => {
  const enter = (why: string, expectedS: number) =>
    unary(rig.client.enterCritical.bind(rig.client), { runId: 'run-1', why, expectedS }, options);
  const leave = () => unary(rig.client.leaveCritical.bind(rig.client), { runId: 'run-1' }, options);

  test('is entered with its reason, cleaned, and left also where none is open', async () => {
    await leave();
    await enter('the \u001b[31mlock', 60);
    await leave();
    expect(rig.run.sections).toEqual(['', 'the \ufffd[31mlock', '']);
  });

  test('longer than granted, without a reason, or not granted at all', async () => {
    expect(await refusal(enter('x', 61))).toEqual([status.INVALID_ARGUMENT, 'FIELD_INVALID']);
    expect(await refusal(enter('x', 0))).toEqual([status.INVALID_ARGUMENT, 'FIELD_INVALID']);
    expect(await refusal(enter('', 1))).toEqual([status.INVALID_ARGUMENT, 'FIELD_INVALID']);
    await reopen({
      limits: { diskBytesMax: 1, criticalSMax: 0, previousVersions: 1, callsPerMinuteMax: 250 },
    });
    expect(await refusal(enter('x', 1))).toEqual([status.PERMISSION_DENIED, 'GRANT_MISSING']);
  });
});

test('a checkpoint is durable when the call returns, and bounded', async () => {
  const save = (bytes: number) =>
    unary(
      rig.client.saveCheckpoint.bind(rig.client),
      { runId: 'run-1', checkpoint: Buffer.alloc(bytes, 1) },
      options,
    );
  await save(65_536);
  expect(await rig.checkpoints.load('run-1')).toEqual(Buffer.alloc(65_536, 1));
  expect(await refusal(save(65_537))).toEqual([status.INVALID_ARGUMENT, 'FIELD_INVALID']);
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot('a checkpoint for which the disk has no space is told as that (T19)', async () => {
  const dir = join(rig.dir, 'checkpoints');
  mkdirSync(dir);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', dir]);
  try {
    const save = (bytes: number) =>
      unary(
        rig.client.saveCheckpoint.bind(rig.client),
        { runId: 'run-1', checkpoint: Buffer.alloc(bytes, 1) },
        options,
      );
    await save(1_000);
    expect(await refusal(save(65_536))).toEqual([status.RESOURCE_EXHAUSTED, 'NO_SPACE']);
    expect(await rig.checkpoints.load('run-1')).toEqual(Buffer.alloc(1_000, 1));
    await save(2_000);
  } finally {
    execFileSync('umount', [dir]);
  }
});

describe('the log (T17)', () => {
  const write = (message: string) => unary(rig.client.log.bind(rig.client), line(message), options);

  test('is cleaned and cut', async () => {
    await write('a\u001b]0;title\u0007b\n');
    await write('x'.repeat(10_000));
    const [first, second] = rig.run.events;
    expect(first).toEqual({
      kind: 'log',
      severity: 'info',
      message: 'a\ufffd]0;title\ufffdb\ufffd',
    });
    expect(second?.kind === 'log' && second.message).toHaveLength(4_096);
  });

  test('beyond 20 lines a second is dropped and counted', async () => {
    for (let count = 0; count < 25; count += 1) await write('line');
    expect(rig.run.events).toHaveLength(20);
    rig.passMs(1_000);
    await write('later');
    expect(rig.run.events.slice(20)).toEqual([
      { kind: 'log', severity: 'warn', message: '5 lines were dropped: more than 20 a second' },
      { kind: 'log', severity: 'info', message: 'later' },
    ]);
  });
});

test('closed twice, the socket is gone', async () => {
  rig.client.close();
  await Promise.all([rig.listener.close(), rig.listener.close()]);
  await expect(access(join(rig.dir, 'host.sock'))).rejects.toMatchObject({ code: 'ENOENT' });
});
