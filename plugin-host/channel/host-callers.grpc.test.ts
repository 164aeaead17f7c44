import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Digest_Algorithm, LogRequest_Severity } from '../../proto/gen/lull/host/v1/host.js';
import { unary } from '../../runtime/grpc.js';
import { openHostRig, options, refusal, withToken, type HostRig } from './host-rig.grpc.testing.js';
import { testRun, type TestRun } from './hosted-run.testing.js';

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

describe('a run that asks without end (T23)', () => {
  test('may so many times a minute, and is told when again', async () => {
    const enter = () => {
      const request = { runId: 'run-1', why: 'again', expectedS: 1 };
      return unary(rig.client.enterCritical.bind(rig.client), request, options);
    };
    const leave = () =>
      unary(rig.client.leaveCritical.bind(rig.client), { runId: 'run-1' }, options);
    for (let call = 0; call < 250; call += 1) await enter();
    const error = await enter().catch((reason: unknown) => reason as ServiceError);
    expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect((error as ServiceError).metadata.get('lull-retry-after-ms')).toEqual(['240']);
    expect(await refusal(rig.fetchAll(rig.fetchRequest()))).toEqual([
      status.RESOURCE_EXHAUSTED,
      'RATE_LIMITED',
    ]);
    // Whoever is inside gets out, and what is said in a log is bounded by itself.
    await leave();
    await unary(rig.client.log.bind(rig.client), line('x'), options);
    rig.passMs(240);
    await enter();
    expect(rig.run.sections).toHaveLength(252);
  });
});

test('as many calls a minute as its grant says, which is what policy says', async () => {
  const limits = { diskBytesMax: 1, criticalSMax: 60, previousVersions: 1, callsPerMinuteMax: 2 };
  await reopen({ limits });
  const save = () => {
    const request = { runId: 'run-1', checkpoint: Buffer.of(1) };
    return unary(rig.client.saveCheckpoint.bind(rig.client), request, options);
  };
  await save();
  await save();
  const error = await save().catch((reason: unknown) => reason as ServiceError);
  expect((error as ServiceError).metadata.get('lull-retry-after-ms')).toEqual(['30000']);
});

describe('who may call (T15)', () => {
  test.each(['', 'token-2', 'token-1 ', 'TOKEN-1'])('another token: %j', async (token) => {
    const metadata = withToken(token);
    const expected = [status.UNAUTHENTICATED, 'TOKEN_INVALID'];
    const wrong = { deadlineMs: 10_000, metadata };
    expect(
      await refusal(unary(rig.client.leaveCritical.bind(rig.client), { runId: 'run-1' }, wrong)),
    ).toEqual(expected);
    expect(await refusal(unary(rig.client.log.bind(rig.client), line('x'), wrong))).toEqual(
      expected,
    );
    expect(await refusal(rig.fetchAll(rig.fetchRequest(), metadata))).toEqual(expected);
    expect(rig.run.events.map((event) => event.kind === 'notice' && event.reason)).toEqual([
      ...['TOKEN_INVALID', 'TOKEN_INVALID', 'TOKEN_INVALID'],
    ]);
  });

  test('the run before, in a launch that serves another one by now, or none', async () => {
    const save = (runId: string) =>
      unary(
        rig.client.saveCheckpoint.bind(rig.client),
        { runId, checkpoint: Buffer.from('x') },
        options,
      );
    await save('run-1');
    rig.run.end();
    rig.hold(undefined);
    expect(await refusal(save('run-1'))).toEqual([status.PERMISSION_DENIED, 'GRANT_MISSING']);
    rig.hold(testRun({ ...rig.run, runId: 'run-2' }));
    expect(await refusal(save('run-1'))).toEqual([status.PERMISSION_DENIED, 'GRANT_MISSING']);
    await save('run-2');
    expect(await rig.checkpoints.load('run-2')).toBeDefined();
  });

  test('a call that outlives its run does nothing for the run after it', async () => {
    rig.run.freeze();
    const came = rig.nextCall();
    const late = unary(rig.client.log.bind(rig.client), line('late'), options);
    await came;
    const after = testRun({ ...rig.run, runId: 'run-2' });
    rig.hold(after);
    rig.run.end();
    expect(await refusal(late)).toEqual([status.CANCELLED, 'RUN_OVER']);
    expect([...rig.run.events, ...after.events]).toEqual([]);
  });

  test('no token, and two', async () => {
    const two = withToken();
    two.add('lull-token', 'token-1');
    for (const metadata of [new Metadata(), two]) {
      expect(await refusal(rig.fetchAll(rig.fetchRequest(), metadata))).toEqual([
        status.UNAUTHENTICATED,
        'TOKEN_INVALID',
      ]);
    }
  });

  test('another run', async () => {
    const expected = [status.PERMISSION_DENIED, 'GRANT_MISSING'];
    const runId = 'run-2';
    const calls = [
      rig.fetchAll(rig.fetchRequest({ runId })),
      unary(
        rig.client.commit.bind(rig.client),
        { runId, root: 'tools', stagedPath: 's', replacedPaths: [] },
        options,
      ),
      unary(rig.client.revert.bind(rig.client), { runId, root: 'tools' }, options),
      unary(rig.client.enterCritical.bind(rig.client), { runId, why: 'x', expectedS: 1 }, options),
      unary(rig.client.leaveCritical.bind(rig.client), { runId }, options),
      unary(
        rig.client.saveCheckpoint.bind(rig.client),
        { runId, checkpoint: Buffer.alloc(1) },
        options,
      ),
    ];
    for (const call of calls) expect(await refusal(call)).toEqual(expected);
    expect(rig.run.events.map((event) => event.kind === 'notice' && event.reason)).toEqual(
      calls.map(() => 'GRANT_MISSING'),
    );
    expect(rig.upstream.seen).toEqual([]);
  });

  const asRoot = process.getuid?.() === 0 ? test : test.skip;
  asRoot('the socket belongs to the run’s uid and to nobody else', async () => {
    await reopen({ uid: 61_007 });
    const { uid, mode } = await stat(join(rig.dir, 'host.sock'));
    expect([uid, mode & 0o777]).toEqual([61_007, 0o600]);
  });
});

describe('what it is refused is told, whatever the updater says of that (T16)', () => {
  const wrong = { algorithm: Digest_Algorithm.SHA256, hex: '0'.repeat(64) };
  const told = () => rig.run.events.filter(({ kind }) => kind === 'notice');

  test.each<[string, () => Promise<unknown>, string, RegExp]>([
    [
      'content with another digest',
      () => rig.fetchAll(rig.fetchRequest({ digests: [wrong] })),
      'DIGEST_MISMATCH',
      /^the host refused Fetch: /,
    ],
    [
      'a URL that was not granted',
      () => rig.fetchAll(rig.fetchRequest({ url: 'https://evil.example/x' })),
      'GRANT_MISSING',
      /^the host refused Fetch: .*evil\.example/,
    ],
    [
      'a root that is not its own',
      () => {
        const request = { runId: 'run-1', root: 'etc', stagedPath: 'x', replacedPaths: [] };
        return unary(rig.client.commit.bind(rig.client), request, options);
      },
      'GRANT_MISSING',
      /^the host refused Commit: /,
    ],
  ])('%s', async (_what, ask, reason, words) => {
    expect((await refusal(ask()))[1]).toBe(reason);
    expect(told()).toEqual([
      { kind: 'notice', reason, message: expect.stringMatching(words) as unknown },
    ]);
  });

  test('each once, sixteen in a run, and the last says so; anew in the next', async () => {
    const reach = (runId: string, host: string) => {
      const url = `https://${host}.example/`;
      return refusal(rig.fetchAll(rig.fetchRequest({ runId, url })));
    };
    for (const host of ['evil', 'evil', 'worse']) await reach('run-1', host);
    expect(told()).toHaveLength(2);
    for (let call = 0; call < 20; call += 1) await reach('run-1', `evil-${String(call)}`);
    expect(told()).toHaveLength(16);
    expect(told().at(-1)).toMatchObject({
      message: expect.stringContaining('after this is not told') as unknown,
    });
    const next = testRun({ ...rig.run, runId: 'run-2', limits: rig.run.limits });
    rig.hold(next);
    await reach('run-2', 'evil');
    expect(next.events).toHaveLength(1);
  });

  test('but not its own haste, which is nobody’s attack', async () => {
    const limits = { ...rig.run.limits, callsPerMinuteMax: 1 };
    await reopen({ limits });
    await rig.fetchAll(rig.fetchRequest());
    expect((await refusal(rig.fetchAll(rig.fetchRequest())))[1]).toBe('RATE_LIMITED');
    expect(told()).toEqual([]);
  });
});
