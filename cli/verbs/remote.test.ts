// Orders over TCP: the operator's API with the keys that `lull keys` makes, called as a person would.

import { createLog } from '../../runtime/log.js';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { credentials, status, type ServiceError } from '@grpc/grpc-js';
import { admission } from '../../orchestrator/api/admission.fs.js';
import { openOperator, type OperatorUnderTest } from '../../orchestrator/api/operator.testing.js';
import { operatorHandlers } from '../../orchestrator/api/operator.grpc.js';
import { clientIn } from '../../orchestrator/trust/caller.js';
import { byCertificate } from '../../orchestrator/trust/caller.grpc.js';
import { enabled, found, submitted, updateOf } from '../../orchestrator/world/history.testing.js';
import {
  OperatorServiceClient,
  OperatorServiceService,
} from '../../proto/gen/lull/operator/v1/operator.js';
import { tooMany, unary } from '../../runtime/grpc.js';
import { takeTurns } from '../../runtime/turns.grpc.js';
import { looksOnly } from '../../orchestrator/api/roles.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { until } from '../../runtime/until.testing.js';
import { dialTcp, serveTcp, type TcpListener } from '../../runtime/tcp.grpc.js';
import { askStatus } from '../commands/ask.js';
import { initKeys, revokeKeys } from '../commands/keys.js';
import { placeHold } from '../commands/orders.js';
import { lineOf } from '../failure.js';
import type { RemoteOrchestrator } from '../clients.grpc.js';

const HOUR = { subject: 'a', why: 'not now', forMs: 3_600_000 };

/** Making keys is work, and the machine may have other. */
const KEYS_MS_MAX = 120_000;

let directory: string;
let operator: OperatorUnderTest;
let listener: TcpListener;
const clock = new VirtualClock(Date.now());

const keysOf = (holder: string): string => join(directory, 'keys', holder);
const as = (holder: string): RemoteOrchestrator => ({
  address: `localhost:${String(listener.port)}`,
  tlsDir: keysOf(holder),
});

async function initAt(name: string): Promise<void> {
  await initKeys(
    join(directory, name),
    {
      nats: { listen: '127.0.0.1:4222', directory: '/etc/nats', store: '/var/lib/nats' },
      natsNames: ['localhost'],
      days: 365,
      wanted: [
        { role: 'orchestrator', name: 'o1', serves: ['localhost', '127.0.0.1'] },
        { role: 'orchestrator', name: 'elsewhere', serves: ['elsewhere.example'] },
        ...(['alice', 'mallory', 'eve'] as const).map((each) => ({
          role: 'operator' as const,
          name: each,
          serves: [],
        })),
        { role: 'viewer', name: 'victor', serves: [] },
        { role: 'vendor', name: 'acme', serves: [] },
        { role: 'host', name: 'h1', serves: [] },
      ],
    },
    Date.now(),
  );
}

function serve(holder: string): Promise<TcpListener> {
  return serveTcp({
    address: '127.0.0.1:0',
    directory: keysOf(holder),
    refuse: admission(keysOf(holder), clock),
    clock,
    clientOf: clientIn,
    turns: takeTurns(looksOnly, tooMany),
    log: createLog('test', 'silent'),
    register: (server) => {
      const handlers = operatorHandlers({ ...operator.deps, callerOf: byCertificate });
      server.addService(OperatorServiceService, handlers);
    },
  });
}

/** What a person would read. */
async function said(act: () => Promise<unknown>, at: RemoteOrchestrator): Promise<string> {
  try {
    await act();
    return 'done';
  } catch (error) {
    return lineOf(error, () => at);
  }
}

function dial(holder: string): OperatorServiceClient {
  return dialTcp(OperatorServiceClient, {
    address: as(holder).address,
    directory: keysOf(holder),
    serverUrn: 'urn:lull:orchestrator:',
  });
}

/** A watch that has begun, or was refused. */
async function watchAs(holder: string, client = dial(holder)) {
  const stream = client.watch({ fromSequence: 1n });
  let error: ServiceError | undefined;
  await new Promise<void>((resolve) => {
    stream.once('data', () => {
      resolve();
    });
    stream.on('error', (failure) => {
      error = failure as ServiceError;
      resolve();
    });
  });
  return { client, stream, error: () => error };
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lull-remote-'));
  operator = await openOperator();
  await operator.rig.ledger.append([submitted(), enabled(), found([updateOf('a')])]);
  await initAt('keys');
  await initAt('others');
  listener = await serve('orchestrator-o1');
}, KEYS_MS_MAX);

afterAll(async () => {
  await listener.close();
  await operator.close();
  rmSync(directory, { recursive: true });
});

test('an operator orders, and the journal has who it was', async () => {
  await placeHold(as('operator-alice'), HOUR);
  const facts = await operator.rig.facts();
  expect(facts.at(-1)).toMatchObject({ kind: 'hold.placed', actor: 'operator', by: 'alice' });
});

test('an address will do where the certificate has it', async () => {
  const address = `127.0.0.1:${String(listener.port)}`;
  expect((await askStatus({ ...as('viewer-victor'), address })).hosts).toHaveLength(1);
});

test('over the Unix socket it is the owner, and has no name', async () => {
  await placeHold({ runDir: operator.rig.directory }, HOUR);
  const facts = await operator.rig.facts();
  expect(facts.at(-1)).toMatchObject({ kind: 'hold.placed', actor: 'operator' });
  expect(facts.at(-1)).not.toHaveProperty('by');
});

test('who watches without an end is refused the ninth stream, and nobody else is (T23)', async () => {
  const victor = dial('viewer-victor');
  const open = await Promise.all(Array.from({ length: 8 }, () => watchAs('viewer-victor', victor)));
  expect(open.map(({ error }) => error())).toEqual(Array(8).fill(undefined));
  const ninth = await watchAs('viewer-victor');
  expect(ninth.error()).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    details: 'viewer victor has 8 streams of Watch open, and may have no more: close one of them',
  });
  expect((await askStatus(as('viewer-victor'))).hosts).toHaveLength(1);
  const other = await watchAs('operator-alice');
  expect(other.error()).toBeUndefined();

  open[0]?.stream.cancel();
  await until('there is a place', async () => {
    const again = await watchAs('viewer-victor', victor);
    return again.error() === undefined;
  });
  for (const { client, stream } of [...open, ninth, other]) {
    stream.cancel();
    client.close();
  }
}, 20_000);

test('a viewer reads, and is told why it may not order (T25)', async () => {
  const viewer = as('viewer-victor');
  expect((await askStatus(viewer)).hosts).toHaveLength(1);
  const before = operator.rig.ledger.head.sequence;
  expect(await said(() => placeHold(viewer, HOUR), viewer)).toBe(
    'your certificate is a viewer\'s (viewer victor); PlaceHold needs an operator\'s. Whoever has the keys makes one with "lull keys issue" (ROLE_FORBIDS)',
  );
  expect(operator.rig.ledger.head.sequence).toBe(before);
});

test.each(['vendor-acme', 'host-h1', 'orchestrator-elsewhere'])(
  'a %s may not even look',
  async (holder) => {
    const at = as(holder);
    expect(await said(() => askStatus(at), at)).toContain('GetStatus needs a viewer');
  },
);

test('a certificate of another authority is refused, and so is a server of one', async () => {
  const stranger = { ...as('operator-alice'), tlsDir: join(directory, 'others/operator-alice') };
  expect(await said(() => askStatus(stranger), stranger)).toContain('no orchestrator answers');
  // One that trusts this server is still not trusted by it.
  const gullible = mkdtempSync(join(directory, 'gullible-'));
  for (const file of ['cert.pem', 'key.pem']) {
    copyFileSync(join(stranger.tlsDir, file), join(gullible, file));
  }
  copyFileSync(join(keysOf('operator-alice'), 'ca.pem'), join(gullible, 'ca.pem'));
  const at = { ...stranger, tlsDir: gullible };
  expect(await said(() => askStatus(at), at)).toContain('no orchestrator answers');
});

test('one that was taken back is refused from then on, by a server that is up', async () => {
  const mallory = as('operator-mallory');
  expect(await said(() => askStatus(mallory), mallory)).toBe('done');
  await revokeKeys(join(directory, 'keys'), { role: 'operator', name: 'mallory' }, Date.now());
  expect(await said(() => askStatus(mallory), mallory)).toMatch(/was taken back.*ROLE_FORBIDS/);
  expect(await said(() => askStatus(as('operator-alice')), mallory)).toBe('done');
});

test('what one that was taken back watches ends, and what others watch does not', async () => {
  const [revoked, alice] = [await watchAs('operator-eve'), await watchAs('operator-alice')];
  await revokeKeys(join(directory, 'keys'), { role: 'operator', name: 'eve' }, Date.now());
  clock.advance(30_000);
  await until('it is cut off', () => revoked.error() !== undefined);
  expect(revoked.error()?.code).toBe(status.PERMISSION_DENIED);
  expect(revoked.error()?.details).toContain('was taken back');
  expect(alice.error()).toBeUndefined();
  for (const each of [revoked, alice]) each.client.close();
  alice.stream.cancel();
});

test('a certificate that expires is refused, also on a connection that stands and where it watches', async () => {
  const { client, stream, error } = await watchAs('viewer-victor');
  const yearMs = 366 * 24 * 3_600_000;
  clock.set(yearMs);
  const late = unary(client.getStatus.bind(client), {}, { deadlineMs: 5_000 });
  await expect(late).rejects.toMatchObject({
    code: status.PERMISSION_DENIED,
    details: expect.stringContaining('expired at 20') as unknown,
  });
  clock.advance(30_000);
  await until('it is cut off', () => error() !== undefined);
  clock.set(-yearMs);
  expect(await unary(client.getStatus.bind(client), {}, { deadlineMs: 5_000 })).toBeDefined();
  stream.cancel();
  client.close();
});

describe('nobody is anonymous (T25)', () => {
  test('a client without a certificate', async () => {
    const ca = readFileSync(join(keysOf('operator-alice'), 'ca.pem'));
    const address = `localhost:${String(listener.port)}`;
    const client = new OperatorServiceClient(address, credentials.createSsl(ca));
    const asked = unary(client.getStatus.bind(client), {}, { deadlineMs: 2_000 });
    await expect(asked).rejects.toMatchObject({ code: status.UNAVAILABLE });
    client.close();
  });

  test('a client without TLS', async () => {
    const address = `localhost:${String(listener.port)}`;
    const client = new OperatorServiceClient(address, credentials.createInsecure());
    const asked = unary(client.getStatus.bind(client), {}, { deadlineMs: 2_000 });
    await expect(asked).rejects.toMatchObject({ code: status.UNAVAILABLE });
    client.close();
  });

  test('something that says nothing, and something that talks nonsense, harm nobody', async () => {
    const silent = connectTcp(listener.port, 'localhost');
    const nonsense = connectTcp(listener.port, 'localhost');
    for (const each of [silent, nonsense]) each.on('error', () => undefined);
    nonsense.write('GET / HTTP/1.1\r\n\r\n');
    expect((await askStatus(as('viewer-victor'))).hosts).toHaveLength(1);
    silent.destroy();
    nonsense.destroy();
  });

  test('TLS older than 1.2 is not spoken', async () => {
    const file = (name: string): Buffer => readFileSync(join(keysOf('operator-alice'), name));
    const failed = await new Promise<boolean>((resolve) => {
      const socket = connectTls({
        ...{ port: listener.port, host: 'localhost', maxVersion: 'TLSv1.1', minVersion: 'TLSv1' },
        ...{ ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem') },
        ciphers: 'DEFAULT@SECLEVEL=0',
      });
      socket.once('secureConnect', () => {
        resolve(false);
      });
      socket.once('error', () => {
        resolve(true);
      });
    });
    expect(failed).toBe(true);
  });
});

test('whoever serves has to be an orchestrator of that name', async () => {
  for (const holder of ['nats-server', 'orchestrator-elsewhere']) {
    const impostor = await serve(holder);
    const at = { ...as('operator-alice'), address: `localhost:${String(impostor.port)}` };
    expect(await said(() => askStatus(at), at)).toContain('no orchestrator answers');
    const byAddress = { ...at, address: `127.0.0.1:${String(impostor.port)}` };
    expect(await said(() => askStatus(byAddress), at)).toContain('no orchestrator answers');
    await impostor.close();
  }
});

test('keys that cannot be read are named', async () => {
  const at = { ...as('operator-alice'), tlsDir: join(directory, 'nowhere') };
  expect(await said(() => askStatus(at), at)).toContain('nowhere/ca.pem');
});
