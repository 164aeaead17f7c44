// Submissions that cross each other on their way, a caller that does nothing else all day, and what comes back.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  RegistryServiceClient,
  RegistryServiceService,
  TrustState,
} from '../../proto/gen/lull/registry/v1/registry.js';
import { dialUnix, serveUnix, unary } from '../../runtime/grpc.js';
import { reasonOf } from '../../runtime/reason.js';
import { createLog } from '../../runtime/log.js';
import { CloseStack } from '../../runtime/shutdown.js';
import { until } from '../../runtime/until.testing.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { SUBMISSION_QUOTA } from '../journal/fact-quota.js';
import { defaultPolicy, type Policy } from '../policy/policy.js';
import { socketOwner, type Caller } from '../trust/caller.js';
import { newVendor, publisherOf } from '../trust/signed-manifest.testing.js';
import { UPDATER } from '../world/history.testing.js';
import { openLedgerUnderTest, type LedgerUnderTest } from '../world/ledger.testing.js';
import { openBundles } from './bundles.fs.js';
import { registryHandlers } from './registry.grpc.js';
import { packed, submit, type Submission } from './submission.testing.js';

const [acme, rival] = [newVendor(), newVendor()];
const publisher = publisherOf([acme], { auto: 'always' });
const log = createLog('test', 'silent');

let opened: CloseStack;
let rig: LedgerUnderTest;
let store: string;
let client: RegistryServiceClient;
let clock: VirtualClock;
let policy: Policy;
let caller: Caller;

beforeEach(async () => {
  opened = new CloseStack(log);
  clock = new VirtualClock();
  caller = socketOwner;
  policy = { ...defaultPolicy, publishers: [publisher] };
  rig = opened.add('ledger', await openLedgerUnderTest());
  store = join(rig.directory, 'bundles');
  const handlers = registryHandlers({
    ...{ ledger: rig.ledger, bundles: openBundles(store), clock, log },
    policy: () => policy,
    wake: () => undefined,
    callerOf: () => caller,
  });
  const path = join(rig.directory, 'r.sock');
  const served = await serveUnix({
    ...{ path, mode: 0o600 },
    register: (server) => {
      server.addService(RegistryServiceService, handlers);
    },
  });
  opened.add('registry', served);
  client = opened.add('client', dialUnix(RegistryServiceClient, path));
});

afterEach(() => opened.close());

/** Begins to submit, and says when the rest may come. */
async function slowly({ envelope, tar }: Submission) {
  let answer: string | undefined;
  const call = client.submit((error) => (answer = error === null ? 'accepted' : reasonOf(error)));
  call.on('error', () => undefined);
  call.write({ part: { $case: 'header', value: { envelope } } });
  call.write({ part: { $case: 'chunk', value: tar.subarray(0, 600) } });
  await until('its file', () => readdirSync(store).length === 1);
  return async (): Promise<string> => {
    call.write({ part: { $case: 'chunk', value: tar.subarray(600) } });
    call.end();
    return until('the answer', () => answer);
  };
}

const signed = (version: string, main = `run ${version} ${'x'.repeat(2_000)}`) =>
  packed({ main }, { version }, acme);

function current(): string | undefined {
  return rig.ledger.world.updaters.get(UPDATER)?.accepted?.version.version;
}

test('an older version that began to come before a newer one does not take its place', async () => {
  const rest = await slowly(await signed('1.0.0'));
  expect(await submit(client, await signed('2.0.0'))).toMatchObject({ kind: 'accepted' });
  expect(await rest()).toBe('VERSION_DOWNGRADE');
  expect(current()).toBe('2.0.0');
});

test('of two publishers that come for one id at the same time the second is refused', async () => {
  const other = { ...publisherOf([rival]), name: 'rival' };
  policy = { ...policy, publishers: [publisher, other] };
  const rest = await slowly(await signed('1.0.0'));
  const changes = { version: '3.0.0', publisher: 'rival' };
  const theirs = await packed({ main: 'theirs' }, changes, rival);
  expect(await submit(client, theirs)).toMatchObject({ kind: 'accepted' });
  expect(await rest()).toBe('ID_TAKEN');
  expect(rig.ledger.world.updaters.get(UPDATER)?.current.publisher).toBe('rival');
});

test('what comes to its end when its publisher is not trusted any more is refused', async () => {
  const rest = await slowly(await signed('1.0.0'));
  policy = { ...policy, publishers: [] };
  expect(await rest()).toBe('PUBLISHER_UNKNOWN');
  expect(rig.ledger.world.updaters.size).toBe(0);
});

test('of many that come to their end in one moment the newest stays', async () => {
  const all = await Promise.all(
    ['1.0.0', '5.0.0', '3.0.0', '4.0.0', '2.0.0'].map((v) => signed(v)),
  );
  await Promise.all(all.map((each) => submit(client, each)));
  expect(current()).toBe('5.0.0');
});

test('a vendor that submits without an end is not heard any more, and nothing is written of it (T23)', async () => {
  caller = { role: 'vendor', name: 'acme' };
  const nonsense = { envelope: Buffer.from('no envelope'), tar: Buffer.alloc(0) };
  for (let at = 0; at < SUBMISSION_QUOTA.entries; at += 1) {
    expect(await submit(client, nonsense)).toMatchObject({ reason: 'SIGNATURE_MISSING' });
  }
  const before = rig.ledger.head.sequence;
  expect(await submit(client, nonsense)).toMatchObject({
    reason: 'JOURNAL_QUOTA',
    code: status.RESOURCE_EXHAUSTED,
    words:
      'vendor acme has made more than 500 submissions or 50.0 MB a day, and is heard again in 6 h',
  });
  expect(rig.ledger.head.sequence).toBe(before);

  caller = { role: 'vendor', name: 'rival' };
  expect(await submit(client, nonsense)).toMatchObject({ reason: 'SIGNATURE_MISSING' });
  caller = { role: 'vendor', name: 'acme' };
  clock.advance(6 * 3_600_000);
  expect(await submit(client, await signed('1.0.0'))).toMatchObject({ kind: 'accepted' });
});

describe('what was accepted and its vendor withdrew (T11)', () => {
  const withdraw = () =>
    unary(client.withdraw.bind(client), { id: UPDATER }, { deadlineMs: 5_000 });
  const packedAs = (changes: Readonly<Record<string, unknown>>) =>
    packed({ main: 'run me' }, changes, acme);

  beforeEach(async () => {
    caller = { role: 'vendor', name: 'acme' };
    await submit(client, await packedAs({ version: '2.0.0' }));
    await withdraw();
    expect(rig.ledger.world.updaters.size).toBe(0);
  });

  test('does not come back as an older version, also after one that nobody accepted', async () => {
    const old = await packedAs({ version: '1.9.9' });
    expect(await submit(client, old)).toMatchObject({ reason: 'VERSION_DOWNGRADE' });
    const wide = await packedAs({ version: '3.0.0', egress: ['more.example'] });
    await submit(client, wide);
    await withdraw();
    await withdraw();
    expect(await submit(client, old)).toMatchObject({ reason: 'VERSION_DOWNGRADE' });
    expect(rig.ledger.world.updaters.size).toBe(0);
  });

  test('comes back as it was by its publisher’s rule, and asking for more only by a person', async () => {
    const wide = await packedAs({ version: '2.0.1', egress: ['more.example'] });
    expect(await submit(client, wide)).toMatchObject({ updater: { state: TrustState.VERIFIED } });
    await withdraw();
    const same = await packedAs({ version: '2.0.0' });
    expect(await submit(client, same)).toMatchObject({ updater: { state: TrustState.ENABLED } });
  });

  test('is forgotten when an operator removes it: then it may be older', async () => {
    caller = socketOwner;
    await withdraw();
    const old = await packedAs({ version: '1.9.9' });
    expect(await submit(client, old)).toMatchObject({ updater: { state: TrustState.ENABLED } });
  });
});
