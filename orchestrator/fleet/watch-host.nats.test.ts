// A machine of a fleet is watched in the journal of its partition, on a real server.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  OperatorServiceClient,
  OperatorServiceService,
  type OperatorServiceServer,
  type WatchResponse,
  RunProgress,
} from '../../proto/gen/lull/operator/v1/operator.js';
import { partitionOf, subjects } from '../../proto/subjects.js';
import { pause } from '../../runtime/deadline.js';
import { dialUnix, serveUnix } from '../../runtime/grpc.js';
import { createLog } from '../../runtime/log.js';
import { natsServerProgram, startNatsServer } from '../../runtime/nats-server.testing.js';
import { connectNats, type Nats } from '../../runtime/nats.js';
import { CloseStack } from '../../runtime/shutdown.js';
import { until } from '../../runtime/until.testing.js';
import { chainEntry, type StoredEntry } from '../journal/chain.js';
import { openJetStreamJournal } from '../journal/jetstream.js';
import type { Journal } from '../journal/journal.js';
import { STREAM } from '../journal/stream.jetstream.js';
import { say } from '../link/say.nats.js';
import { watchHost } from './watch-host.nats.js';

const HOST = 'host-1';
const MS_MAX = 60_000;
const log = createLog('test', 'silent');
const missing = natsServerProgram === undefined ? ' (skipped: needs nats-server 2.10)' : '';
const describeHere = natsServerProgram === undefined ? describe.skip : describe;

let opened: CloseStack;
let nats: Nats;
let journal: Journal;
let client: OperatorServiceClient;

/** Every third entry is about another machine, and each tenth about all. */
function machineAt(sequence: number): string | undefined {
  if (sequence % 10 === 0) return undefined;
  return sequence % 3 === 0 ? 'host-2' : HOST;
}

/** @param spoiled its body is not the one of its hash. */
async function lengthen(count: number, spoiled = 0, message = 'x'): Promise<void> {
  let head = await journal.head();
  for (let n = 0; n < count; n += 1) {
    const machine = machineAt(head.sequence + 1);
    const fact = { kind: 'run.notice', runId: 'r', message } as const;
    const { sequence, atMs, body, hash } = chainEntry(head, 1_000, {
      ...fact,
      ...(machine === undefined ? {} : { machine }),
    });
    head = { sequence, hash };
    const entry: StoredEntry = { sequence, atMs, body, hash };
    await journal.append([
      sequence === spoiled ? { ...entry, body: body.replace('notice', 'spoilt') } : entry,
    ]);
  }
}

interface Watcher {
  readonly stream: ClientReadableStream<WatchResponse>;
  readonly sequences: number[];
  readonly steps: string[];
  error: ServiceError | undefined;
}

function watch(fromSequence: number): Watcher {
  const stream = client.watch({ fromSequence: BigInt(fromSequence) });
  const watcher: Watcher = { stream, sequences: [], steps: [], error: undefined };
  stream.on('data', ({ kind }: WatchResponse) => {
    if (kind?.$case === 'entry') watcher.sequences.push(Number(kind.value.sequence));
    if (kind?.$case === 'progress') watcher.steps.push(kind.value.step);
  });
  stream.on('error', (error: ServiceError) => (watcher.error = error));
  return watcher;
}

function of(first: number, last: number): number[] {
  const all = Array.from({ length: last - first + 1 }, (_, n) => first + n);
  return all.filter((sequence) => machineAt(sequence) !== 'host-2');
}

async function consumersNow(): Promise<number> {
  const manager = await jetstreamManager(nats.connection);
  return (await manager.streams.info(STREAM)).state.consumer_count;
}

describeHere(`a watch of one machine${missing}`, () => {
  beforeEach(async () => {
    opened = new CloseStack(log);
    const directory = mkdtempSync(join(tmpdir(), 'lull-w-'));
    opened.add('directory', {
      close: () => {
        rmSync(directory, { recursive: true });
      },
    });
    const { url } = opened.add('server', await startNatsServer({ directory, syncAlways: false }));
    nats = opened.add('nats', await connectNats({ url, name: 'test', log }));
    const js = jetstream(nats.connection);
    journal = await openJetStreamJournal({
      ...{ js, jsm: await jetstreamManager(nats.connection), pause },
      ...{ partition: partitionOf(HOST), replicaCount: 1, mayCreate: true },
      payloadBytesMax: nats.connection.info?.max_payload ?? 0,
    });
    const watchOnly: Pick<OperatorServiceServer, 'watch'> = {
      watch: (call) => {
        watchHost(call, HOST, { nats, js, log });
      },
    };
    const { path } = opened.add(
      'listener',
      await serveUnix({
        path: join(directory, 'operator.sock'),
        mode: 0o600,
        register: (server) => {
          server.addService(OperatorServiceService, watchOnly);
        },
      }),
    );
    client = dialUnix(OperatorServiceClient, path);
    opened.add('client', {
      close: () => {
        client.close();
      },
    });
  }, MS_MAX);
  afterEach(() => opened.close(), MS_MAX);

  test(
    'has what is about it and about all, once and in order, from any entry on and as it is written',
    async () => {
      await lengthen(900);
      const watchers = [watch(1), watch(700), watch(905)];
      await until('what was written', () => watchers[0]?.sequences.at(-1) === 900);
      await lengthen(20);
      await until('what is written', () => watchers.every((each) => each.sequences.at(-1) === 920));
      expect(watchers.map(({ sequences }) => sequences)).toEqual(
        [1, 700, 905].map((first) => of(first, 920)),
      );
    },
    MS_MAX,
  );

  test(
    'from 0 on has only what comes from now on, with how far its runs are',
    async () => {
      await lengthen(5);
      const watcher = watch(0);
      await until('the watch', () => {
        const step = RunProgress.encode({ runId: 'r', fraction: 0.5, step: 'unpacking' });
        say(nats.connection, subjects.progress(HOST), step.finish());
        return watcher.steps.length > 0;
      });
      await until('the look at the journal', async () => (await consumersNow()) === 1);
      await lengthen(3);
      await until('what came', () => watcher.sequences.length === 2);
      expect(watcher.sequences).toEqual([7, 8]);
    },
    MS_MAX,
  );

  test(
    'reads nothing before where it begins: what was altered there is met by who begins before it, and said',
    async () => {
      await lengthen(400, 20);
      const [later, earlier] = [watch(300), watch(5)];
      await until('both', () => later.sequences.at(-1) === 400 && earlier.error !== undefined);
      expect(later.sequences).toEqual(of(300, 400));
      expect(later.error).toBeUndefined();
      expect(earlier.error?.details).toContain('entry 20 was altered');
    },
    MS_MAX,
  );

  test(
    'by a slow reader is waited for, and one that leaves leaves nothing behind on the server',
    async () => {
      await lengthen(60, 0, 'x'.repeat(300_000));
      const slow = watch(1);
      await until('the first', () => slow.sequences.length > 0);
      slow.stream.pause();
      await lengthen(3);
      await pause(300);
      expect(slow.sequences.length).toBeLessThan(30);
      slow.stream.resume();
      await until('the rest', () => slow.sequences.at(-1) === 62);
      expect(slow.sequences).toEqual(of(1, 63));
      slow.stream.cancel();
      await until('nobody reads', async () => (await consumersNow()) === 0);
    },
    MS_MAX,
  );
});
