// Calls about one machine, carried between orchestrators over a real server, and what no server carries.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { jetstream } from '@nats-io/jetstream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  ListEntriesResponse,
  OperatorServiceClient,
  OperatorServiceService,
  type GetStatusResponse,
} from '../../proto/gen/lull/operator/v1/operator.js';
import { partitionOf, subjects } from '../../proto/subjects.js';
import { HOST_KEY } from '../../proto/wire/about.js';
import { dialUnix, serveUnix } from '../../runtime/grpc.js';
import { createLog } from '../../runtime/log.js';
import { natsServerProgram, startNatsServer } from '../../runtime/nats-server.testing.js';
import { connectNats, type Nats } from '../../runtime/nats.js';
import { CloseStack } from '../../runtime/shutdown.js';
import { operatorHandlers } from '../api/operator.grpc.js';
import { openOperator, type OperatorUnderTest } from '../api/operator.testing.js';
import { PAGE_BYTES_MAX } from '../api/page.js';
import { marked } from '../link/say.nats.js';
import { NOW_MS } from '../world/history.testing.js';
import { routed } from './api.grpc.js';
import { nobody } from './nobody.js';
import { askAbout, serveCalls } from './calls.nats.js';

const HOST = 'host-1';
const MS_MAX = 60_000;
const caller = { role: 'viewer', name: 'somebody' } as const;
const log = createLog('test', 'silent');
const missing = natsServerProgram === undefined ? ' (skipped: needs nats-server 2.10)' : '';
const describeHere = natsServerProgram === undefined ? describe.skip : describe;

let opened: CloseStack;
let operator: OperatorUnderTest;
let leader: Nats;
let other: Nats;

/** Of the same partition, where somebody answers. */
function unknownName(): string {
  let n = 2;
  while (partitionOf(`host-${String(n)}`) !== partitionOf(HOST)) n += 1;
  return `host-${String(n)}`;
}

const statusOf = async (): Promise<GetStatusResponse> =>
  (await askAbout(other, HOST, 'getStatus', {}, caller)) as GetStatusResponse;

describeHere(`a call for the orchestrator that leads a partition${missing}`, () => {
  beforeEach(async () => {
    opened = new CloseStack(log);
    const directory = mkdtempSync(join(tmpdir(), 'lull-c-'));
    opened.add('directory', {
      close: () => {
        rmSync(directory, { recursive: true });
      },
    });
    const { url } = opened.add('server', await startNatsServer({ directory }));
    operator = opened.add('operator', await openOperator());
    leader = opened.add('leader', await connectNats({ url, name: 'leader', log }));
    other = opened.add('other', await connectNats({ url, name: 'other', log }));
    opened.add(
      'calls',
      serveCalls({
        ...{ nats: leader, partition: partitionOf(HOST), log },
        roomOf: () => ({ operator: operator.deps }),
        hosts: () => [HOST],
        isKnown: (hostId) => hostId === HOST,
      }),
    );
  }, MS_MAX);
  afterEach(() => opened.close(), MS_MAX);

  test(
    'for a whole journal that no message holds is answered in pages that one holds',
    async () => {
      const message = 'x'.repeat(2_000);
      for (let n = 0; n < 1_500; n += 1) {
        await operator.rig.ledger.append([{ kind: 'run.notice', runId: String(n), message }]);
      }
      const told: bigint[] = [];
      let fromSequence = 1n;
      do {
        const request = { fromSequence, pageSize: 10_000, runId: '' };
        const page = (await askAbout(
          ...([other, HOST, 'listEntries', request, caller] as const),
        )) as ListEntriesResponse;
        const bytes = ListEntriesResponse.encode(page).finish().length;
        expect(bytes).toBeLessThan(PAGE_BYTES_MAX + 16_384);
        told.push(...page.entries.map(({ sequence }) => sequence));
        fromSequence = page.nextSequence;
      } while (fromSequence !== 0n);
      expect(told).toEqual(Array.from({ length: 1_500 }, (_, n) => BigInt(n + 1)));
    },
    MS_MAX,
  );

  test('whose answer is larger than a message is answered with a reason, and so is the next', async () => {
    const whole = operator.machine.readings;
    const [key, reading] = [...whole][0] ?? [];
    if (key === undefined || reading === undefined) throw new Error('the machine has no readings');
    const why = 'x'.repeat(1_200_000);
    const large = { ...reading, observedAtMs: NOW_MS, value: { kind: 'unknown', why } as const };
    operator.machine.readings = new Map([[key, large]]);
    const refused = { reason: 'ANSWER_TOO_LARGE', grpcCode: status.RESOURCE_EXHAUSTED };
    await expect(statusOf()).rejects.toMatchObject(refused);
    operator.machine.readings = whole;
    expect((await statusOf()).version).toBe('1.2.3');
  });

  test('that no orchestrator made is not answered, and one that cannot be read is told so', async () => {
    const subject = subjects.ask(partitionOf(HOST));
    await expect(other.connection.request(subject, 'x', { timeout: 300 })).rejects.toThrow();
    const about = marked();
    about.set('lull-method', 'listEntries');
    about.set('lull-host', HOST);
    const bytes = new Uint8Array([255, 255, 1]);
    const answer = await other.connection.request(subject, bytes, {
      timeout: 5_000,
      headers: about,
    });
    expect(answer.headers?.get('lull-reason')).toBe('INTERNAL');
    expect(answer.string()).toContain(`fault ${String(answer.headers?.get('lull-fault'))}`);
    expect((await statusOf()).version).toBe('1.2.3');
  });

  test('about a machine that nobody knows is refused in words', async () => {
    const refused = { reason: 'UNKNOWN_HOST', grpcCode: status.NOT_FOUND };
    const asked = askAbout(other, unknownName(), 'getStatus', {}, caller);
    await expect(asked).rejects.toMatchObject(refused);
  });

  test('a watch of a machine that is none is refused, and not silent for ever', async () => {
    const js = jetstream(other.connection);
    const { deps, rig } = operator;
    const handlers = routed(
      { nats: other, js, log, callerOf: deps.callerOf },
      operatorHandlers({ ...deps, ...nobody }),
    );
    const path = join(rig.directory, 'fleet.sock');
    const register: Parameters<typeof serveUnix>[0]['register'] = (server) => {
      server.addService(OperatorServiceService, handlers);
    };
    opened.add('fleet', await serveUnix({ path, mode: 0o600, register }));
    const client = opened.add('client', dialUnix(OperatorServiceClient, path));
    for (const name of [unknownName(), 'a b', '>', '*', 'host-1.x', '']) {
      const metadata = new Metadata();
      metadata.set(HOST_KEY, name);
      const stream = client.watch({ fromSequence: 1n }, metadata);
      const error = await new Promise<ServiceError>((resolve) => {
        stream.once('error', (failure) => {
          resolve(failure as ServiceError);
        });
      });
      expect([name, error.code, error.details]).toEqual([
        ...[name, status.NOT_FOUND],
        `no machine of the fleet is called "${name}"; "lull fleet hosts" lists them`,
      ]);
    }
  });
});
