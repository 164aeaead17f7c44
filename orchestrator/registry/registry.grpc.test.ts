// Submitting over a real socket, with a real bundle and a real journal: who gets in, and that nothing
// but an entry is left of who does not.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import {
  RegistryServiceClient,
  RegistryServiceService,
  TrustState,
} from '../../proto/gen/lull/registry/v1/registry.js';
import { dialUnix, serveUnix, unary, type Listener } from '../../runtime/grpc.js';
import { systemClock } from '../../runtime/clock.js';
import { createLog } from '../../runtime/log.js';
import { defaultPolicy, type Policy } from '../policy/policy.js';
import type { Publisher } from '../trust/publisher.js';
import { newVendor, publisherOf } from '../trust/signed-manifest.testing.js';
import { socketOwner, type Caller } from '../trust/caller.js';
import { UPDATER } from '../world/history.testing.js';
import { openLedgerUnderTest, type LedgerUnderTest } from '../world/ledger.testing.js';
import { openBundles } from './bundles.fs.js';
import { registryHandlers } from './registry.grpc.js';
import { packed, submit, type Submission } from './submission.testing.js';
import { until } from '../../runtime/until.testing.js';

const acme = newVendor();
const stranger = newVendor();
const files = { main: 'run me', 'lib/more.txt': 'x'.repeat(5_000) };

let rig: LedgerUnderTest;
let store: string;
let listener: Listener;
let client: RegistryServiceClient;
let wakes: number;
let caller: Caller;
/** At each wake, whether the updater was in what is durable, and in what is in force. */
let seen: boolean[][];

beforeEach(async () => {
  rig = await openLedgerUnderTest();
  store = join(rig.directory, 'bundles');
  [wakes, seen] = [0, []];
  caller = socketOwner;
  await serve({});
});

afterEach(async () => {
  await stop();
  await rig.close();
});

async function serve(changes: Partial<Publisher>): Promise<void> {
  const policy: Policy = { ...defaultPolicy, publishers: [publisherOf([acme], changes)] };
  const handlers = registryHandlers({
    ledger: rig.ledger,
    policy: () => policy,
    bundles: openBundles(store),
    clock: systemClock,
    log: createLog('test', 'silent'),
    wake: () => {
      wakes += 1;
      const { world, inForce } = rig.ledger;
      seen.push([world, inForce].map(({ updaters }) => updaters.has(UPDATER)));
    },
    callerOf: () => caller,
  });
  listener = await serveUnix({
    path: join(rig.directory, 'r.sock'),
    mode: 0o600,
    register: (server) => {
      server.addService(RegistryServiceService, handlers);
    },
  });
  client = dialUnix(RegistryServiceClient, listener.path);
}

async function stop(): Promise<void> {
  client.close();
  await listener.close();
}

async function kinds(): Promise<string[]> {
  return (await rig.facts()).map(({ kind }) => kind);
}

/** The tar with one byte of the content of its last file changed. */
function withOneByteChanged({ tar }: Submission): Buffer {
  const changed = Buffer.from(tar);
  const at = changed.indexOf('run me');
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

describe('accepted', () => {
  test('it is verified, stored by digest, and waits for an operator, whoever has signed it (T12)', async () => {
    const good = await packed(files, {}, acme);
    expect(await submit(client, good)).toMatchObject({
      kind: 'accepted',
      updater: { id: UPDATER, state: TrustState.VERIFIED, bundleSha256: good.sha256 },
    });
    expect(await kinds()).toEqual(['updater.submitted']);
    expect(readdirSync(store)).toEqual([`${good.sha256}.tar`]);
    expect(readFileSync(join(store, `${good.sha256}.tar`))).toEqual(good.tar);
    expect(wakes).toBe(1);
  });

  test('again and again, by two at once, and after a restart: one answer and one entry', async () => {
    const good = await packed(files, {}, acme);
    const first = await submit(client, good);
    const both = await Promise.all([submit(client, good), submit(client, good, 64)]);
    await stop();
    await serve({});
    expect([...both, await submit(client, good)]).toEqual([first, first, first]);
    expect(await kinds()).toEqual(['updater.submitted']);
    expect(readdirSync(store)).toHaveLength(1);
  });

  test('of two that come first at the same time both get in once', async () => {
    const good = await packed(files, {}, acme);
    const answers = await Promise.all([submit(client, good), submit(client, good)]);
    expect(answers.map(({ kind }) => kind)).toEqual(['accepted', 'accepted']);
    expect(readdirSync(store)).toEqual([`${good.sha256}.tar`]);
    expect(rig.ledger.world.updaters.get(UPDATER)?.current.bundleSha256).toBe(good.sha256);
  });

  test('a publisher that is always accepted needs no operator, unless a setting is open', async () => {
    await stop();
    await serve({ auto: 'always' });
    expect(await submit(client, await packed(files, {}, acme))).toMatchObject({
      updater: { state: TrustState.ENABLED },
    });
    const settings = [{ name: 'prefix', kind: 'path', why: 'where' }];
    const open = await packed(files, { id: 'com.acme.open', settings }, acme);
    expect(await submit(client, open)).toMatchObject({
      updater: { state: TrustState.VERIFIED, settingsMissing: ['prefix: no value'] },
    });
    expect(await kinds()).toEqual(['updater.submitted', 'updater.enabled', 'updater.submitted']);
    expect((await rig.facts())[1]).toMatchObject({ actor: 'policy' });
  });
});

describe('what is suspended', () => {
  const suspend = (): Promise<void> =>
    rig.ledger.impose({
      ...{ kind: 'updater.suspended', id: UPDATER, code: 'DIGEST_MISMATCH' },
      ...{ why: 'bad content', actor: 'orchestrator' },
    });

  test('is not enabled by its next version, whatever policy accepts of its publisher', async () => {
    await stop();
    await serve({ auto: 'always' });
    await submit(client, await packed(files, {}, acme));
    await suspend();
    const next = await packed(files, { version: '1.0.1' }, acme);
    expect(await submit(client, next)).toMatchObject({ updater: { state: TrustState.SUSPENDED } });
    expect(rig.ledger.world.updaters.get(UPDATER)?.state).toBe('suspended');
  });

  test('is not withdrawn by its vendor, who could bring it back; an operator may', async () => {
    await submit(client, await packed(files, {}, acme));
    await suspend();
    const withdraw = () =>
      unary(client.withdraw.bind(client), { id: UPDATER }, { deadlineMs: 5_000 });
    caller = { role: 'vendor', name: 'acme' };
    await expect(withdraw()).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      message: expect.stringContaining('lull updaters remove') as unknown,
    });
    expect(rig.ledger.world.updaters.has(UPDATER)).toBe(true);
    caller = socketOwner;
    await withdraw();
    expect(rig.ledger.world.updaters.has(UPDATER)).toBe(false);
  });
});

test('who submits is told what it asks for, and of a newer version what it asks beyond the accepted one', async () => {
  await stop();
  await serve({ auto: 'always' });
  const asking = async (changes: object) => {
    const answer = await submit(client, await packed(files, { ...changes }, acme)); // The same files.
    if (answer.kind === 'refused') throw new Error(answer.words);
    const { state, version, acceptedVersion, asks } = answer.updater ?? {};
    return { state, version, acceptedVersion, asks };
  };
  const open = { settings: [{ name: 'prefix', kind: 'path', why: 'where it is' }] };
  expect(await asking({ id: 'com.acme.open', ...open })).toMatchObject({
    state: TrustState.VERIFIED,
    acceptedVersion: '',
    asks: expect.arrayContaining(['setting prefix (path): where it is']),
  });
  expect(await asking({})).toMatchObject({ acceptedVersion: '1.0.0', asks: [] });
  expect(await asking({ version: '1.1.0', egress: ['elsewhere.example'] })).toEqual({
    state: TrustState.ENABLED,
    version: '1.1.0',
    acceptedVersion: '1.0.0',
    asks: ['host elsewhere.example'],
  });
});

describe('refused: a clear error, an entry, and nothing else', () => {
  const signed = (changes = {}) => packed(files, changes, acme);

  test.each<[string, () => Promise<{ envelope?: Buffer; tar: Buffer }>, string, status]>([
    ['unsigned', () => packed(files, {}), 'SIGNATURE_MISSING', status.PERMISSION_DENIED],
    [
      'signed by a stranger',
      () => packed(files, {}, stranger),
      'SIGNATURE_INVALID',
      status.PERMISSION_DENIED,
    ],
    [
      'no manifest at all',
      async () => ({ ...(await signed()), envelope: Buffer.from('{}') }),
      'SIGNATURE_MISSING',
      status.PERMISSION_DENIED,
    ],
    [
      'an invalid manifest',
      () => signed({ more: true }),
      'MANIFEST_INVALID',
      status.INVALID_ARGUMENT,
    ],
    [
      'one byte changed',
      async () => {
        const good = await signed();
        return { ...good, tar: withOneByteChanged(good) };
      },
      'DIGEST_MISMATCH',
      status.DATA_LOSS,
    ],
    [
      'cut short',
      async () => {
        const good = await signed();
        return { ...good, tar: good.tar.subarray(0, 1_200) };
      },
      'BUNDLE_INVALID',
      status.INVALID_ARGUMENT,
    ],
    [
      'more than was declared',
      async () => {
        const good = await signed();
        return { ...good, tar: Buffer.concat([good.tar, good.tar]) };
      },
      'BUNDLE_INVALID',
      status.INVALID_ARGUMENT,
    ],
    [
      'no bytes',
      async () => ({ ...(await signed()), tar: Buffer.alloc(0) }),
      'BUNDLE_INVALID',
      status.INVALID_ARGUMENT,
    ],
  ])('%s', async (_what, make, reason, code) => {
    const answer = await submit(client, await make());
    expect(answer).toMatchObject({ kind: 'refused', reason, code });
    expect(answer.kind === 'refused' && answer.words.length > 10).toBe(true);
    expect(await rig.facts()).toMatchObject([{ kind: 'updater.refused', code: reason }]);
    expect(rig.ledger.world.updaters.size).toBe(0);
    expect(readdirSync(store)).toEqual([]);
    expect(wakes).toBe(0);
  });

  test('another bundle under an id and version that are here', async () => {
    const good = await signed();
    await submit(client, good);
    const other = await packed({ main: 'something else' }, {}, acme);
    expect(await submit(client, other)).toMatchObject({
      reason: 'VERSION_TAKEN',
      code: status.ALREADY_EXISTS,
    });
    expect(readdirSync(store)).toEqual([`${good.sha256}.tar`]);
    expect(rig.ledger.world.updaters.get(UPDATER)?.current.bundleSha256).toBe(good.sha256);
    expect(await kinds()).toEqual(['updater.submitted', 'updater.refused']);
  });

  test('an older version than the one that is here', async () => {
    await submit(client, await signed({ version: '2.0.0' }));
    expect(
      await submit(client, await packed({ main: 'old' }, { version: '1.9.9' }, acme)),
    ).toMatchObject({
      reason: 'VERSION_DOWNGRADE',
      code: status.FAILED_PRECONDITION,
    });
    expect(rig.ledger.world.updaters.get(UPDATER)?.current.version).toBe('2.0.0');
  });

  test.each<[string, { envelope?: Buffer; tar: Buffer }]>([
    ['chunks without a header', { tar: Buffer.from('x') }],
    ['nothing at all', { tar: Buffer.alloc(0) }],
    ['an envelope that is too large', { envelope: Buffer.alloc(300_000), tar: Buffer.alloc(0) }],
  ])('%s is malformed', async (_what, parts) => {
    expect(await submit(client, parts)).toMatchObject({
      reason: 'MANIFEST_INVALID',
      code: status.INVALID_ARGUMENT,
    });
    expect(await kinds()).toEqual([]);
  });

  test('a vendor that hangs up in the middle leaves nothing', async () => {
    const good = await signed();
    const call = client.submit(() => undefined);
    call.on('error', () => undefined);
    call.write({ part: { $case: 'header', value: { envelope: good.envelope } } });
    call.write({ part: { $case: 'chunk', value: good.tar.subarray(0, 700) } });
    await until('its file', () => readdirSync(store).length === 1);
    call.cancel();
    await until('the file to go', () => readdirSync(store).length === 0);
    expect(rig.ledger.world.updaters.size).toBe(0);
    expect(await submit(client, good)).toMatchObject({ kind: 'accepted' });
  });
});

test('withdrawn is withdrawn, an unknown one too, and then it may come back', async () => {
  const good = await packed(files, {}, acme);
  await submit(client, good);
  const withdraw = (id: string) =>
    unary(client.withdraw.bind(client), { id }, { deadlineMs: 5_000 });
  await withdraw(UPDATER);
  // At once, for what is to be stopped; and when it is durable, for what the host is to hear.
  expect(seen.slice(-2)).toEqual([
    [true, false],
    [false, false],
  ]);
  await withdraw('com.acme.never');
  const listed = await unary(client.listUpdaters.bind(client), {}, { deadlineMs: 5_000 });
  expect(listed.updaters).toEqual([]);
  expect(await kinds()).toEqual(['updater.submitted', 'updater.withdrawn']);
  expect(await submit(client, good)).toMatchObject({ kind: 'accepted' });
});

describe('a vendor that calls with a certificate (T25)', () => {
  const ofAcme = { role: 'vendor', name: 'acme' } as const;
  const ofOthers = { role: 'vendor', name: 'others' } as const;
  const withdraw = () =>
    unary(client.withdraw.bind(client), { id: UPDATER }, { deadlineMs: 5_000 });
  const listed = async (): Promise<number> => {
    const answer = await unary(client.listUpdaters.bind(client), {}, { deadlineMs: 5_000 });
    return answer.updaters.length;
  };

  test('brings, sees and withdraws what is published under its name', async () => {
    caller = ofAcme;
    expect(await submit(client, await packed(files, {}, acme))).toMatchObject({ kind: 'accepted' });
    expect(await listed()).toBe(1);
    await withdraw();
    expect(await rig.facts()).toMatchObject([
      { kind: 'updater.submitted', by: 'acme' },
      { kind: 'updater.withdrawn', actor: 'vendor', by: 'acme' },
    ]);
  });

  test('does none of it with what another one publishes', async () => {
    const good = await packed(files, {}, acme);
    caller = ofOthers;
    expect(await submit(client, good)).toMatchObject({
      reason: 'ROLE_FORBIDS',
      code: status.PERMISSION_DENIED,
    });
    expect(readdirSync(store)).toEqual([]);
    caller = ofAcme;
    await submit(client, good);
    caller = ofOthers;
    expect(await listed()).toBe(0);
    await expect(withdraw()).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
    expect(rig.ledger.world.updaters.has(UPDATER)).toBe(true);
  });
});
