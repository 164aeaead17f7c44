// A machine that floods its orchestrator, over the real link into a real journal: the journal stays bounded,
// the run of the flood is stopped, and what forbids is in the journal all the same (T23).

import { join } from 'node:path';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  Confinement,
  Hello,
  LinkServiceClient,
  RunEvent,
  type AttachRequest,
  type AttachResponse,
} from '../../proto/gen/lull/link/v1/link.js';
import { systemClock } from '../../runtime/clock.js';
import { dialUnix, serveUnix } from '../../runtime/grpc.js';
import { createLog } from '../../runtime/log.js';
import { CloseStack } from '../../runtime/shutdown.js';
import { until } from '../../runtime/until.testing.js';
import { linkService } from '../link/host.grpc.js';
import {
  admitted,
  enabled,
  found,
  perform,
  submitted,
  updateOf,
  trustingPolicy,
} from '../world/history.testing.js';
import { openLedgerUnderTest, type LedgerUnderTest } from '../world/ledger.testing.js';
import { attend, type AttendedHost } from './attend.loop.js';
import { defaultQuotas } from '../journal/fact-quota.js';

const MS_MAX = 120_000;
const log = createLog('test', 'silent');
const { host: quota, reserve } = defaultQuotas;

let opened: CloseStack;
let rig: LedgerUnderTest;
let machine: AttendedHost;
let stream: ClientDuplexStream<AttachRequest, AttachResponse>;
let received: NonNullable<AttachResponse['kind']>[];
let sequence: number;

beforeEach(async () => {
  opened = new CloseStack(log);
  [received, sequence] = [[], 0];
  rig = opened.add('ledger', await openLedgerUnderTest(systemClock));
  const { ledger, directory } = rig;
  machine = attend({
    ...{ ledger, clock: systemClock, log, name: 'h', diskPath: '/', policy: () => trustingPolicy },
    ...{ onProgress: () => undefined, onWanted: () => undefined, note: () => Promise.resolve() },
  });
  opened.add('machine', machine);
  const readBundle = (): AsyncIterable<Uint8Array> => {
    throw new Error('there is none');
  };
  const { definition, handlers } = linkService({ edges: machine.edges, readBundle, log });
  const path = join(directory, 'link.sock');
  const served = await serveUnix({
    ...{ path, mode: 0o600 },
    register: (server) => {
      server.addService(definition, handlers);
    },
  });
  opened.add('link', served);
  const client = dialUnix(LinkServiceClient, path);
  opened.add('client', client);
  stream = client.attach();
  stream.on('data', ({ kind }: AttachResponse) => {
    if (kind !== undefined) received.push(kind);
  });
  stream.on('error', () => undefined);
});

afterEach(() => opened.close());

function send(kind: AttachRequest['kind']): Promise<void> {
  return new Promise((resolve) => {
    stream.write({ kind }, () => {
      resolve();
    });
  });
}

async function tell(runId: string, kind: RunEvent['kind']): Promise<void> {
  sequence += 1;
  const event = RunEvent.fromPartial({ sequence: BigInt(sequence), runId, epoch: 1n });
  await send({ $case: 'event', value: { ...event, kind } });
}

/** Whether everything that was said is acknowledged. */
function isHeard(): boolean {
  return received.some(
    (each) => each.$case === 'acknowledge' && each.value.sequence === BigInt(sequence),
  );
}

/** As long as the longest list that an entry holds. */
const longList = Array.from({ length: 1_000 }, (_, index) => ({
  ...{ path: `${'x'.repeat(280)}${String(index)}`, beforeSha256: 'b'.repeat(64) },
  ...{ afterSha256: 'a'.repeat(64), mode: 0o644 },
}));

test(
  'a machine that floods fills no journal, has nothing begun, and its person is back all the same',
  async () => {
    const work = perform(updateOf('a'));
    await rig.ledger.append([submitted(), enabled(), found([updateOf('a')]), admitted('r', work)]);
    const held = [{ runId: 'r', epoch: 1n }];
    await send({
      $case: 'hello',
      value: Hello.fromPartial({ hostId: 'h', instanceId: 'i', held }),
    });
    const confinement = Confinement.fromPartial({
      level: 'sealed',
      runtime: 'runc',
      cgroups: 'v2',
    });
    await send({ $case: 'confinement', value: confinement });
    const before = await bytesOfJournal();

    for (let told = 0; told < 330; told += 1) {
      await tell('of nobody', {
        $case: 'rootChanged',
        value: {
          ...{ root: 'root', path: '/srv', treeBeforeSha256: '', treeAfterSha256: 'a' },
          ...{ fileCount: 1, sizeBytes: 1n, changes: longList, truncated: false, problem: '' },
        },
      });
      await until('what was said is acknowledged', isHeard);
    }
    for (let told = 0; told < 3_000; told += 1) {
      await tell('r', { $case: 'notice', value: { message: 'x'.repeat(4_096) } });
    }
    await until('what was said is acknowledged', isHeard);

    const grown = (await bytesOfJournal()) - before;
    expect(grown).toBeLessThan(quota.bytes + reserve.bytes + 2 ** 20);
    expect(grown).toBeGreaterThan(quota.bytes / 2);
    expect(received).toContainEqual({
      $case: 'stop',
      value: { runId: 'r', epoch: 1n, reason: 'JOURNAL_QUOTA' },
    });
    const { waiting } = machine.planNow();
    expect(waiting[0]?.reasons.map(({ code }) => code)).toContain('JOURNAL_QUOTA');

    const from = rig.ledger.head.sequence;
    await tell('r', {
      $case: 'frozen',
      value: { reasons: ['PERSON_PRESENT'], reactionNs: undefined, cpuUs: 1n },
    });
    await send({ $case: 'confinement', value: { ...confinement, level: 'none' } });
    await until('both are in the journal', () => rig.ledger.head.sequence >= from + 2);
    const kinds = (await rig.ledger.read(from + 1, 2)).map(({ body }) => kindIn(body));
    expect(kinds).toEqual(['run.paused', 'host.confined']);
    expect(machine.hostView().level).toBe('none');
  },
  MS_MAX,
);

async function bytesOfJournal(): Promise<number> {
  let bytes = 0;
  for (let from = 1; from <= rig.ledger.head.sequence;) {
    const page = await rig.ledger.read(from, 1_000);
    for (const { body } of page) bytes += body.length;
    from = (page.at(-1)?.sequence ?? Infinity) + 1;
  }
  return bytes;
}

function kindIn(body: string): string {
  return (JSON.parse(body) as { kind: string }).kind;
}
