// A partition with a long journal is taken over: from its snapshot, or without it.

import { readFileSync } from 'node:fs';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import { expect } from '@jest/globals';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { chainEntry, genesis, type Head } from '../../orchestrator/journal/chain.js';
import { openJetStreamJournal } from '../../orchestrator/journal/jetstream.js';
import { partitionOf, SNAPSHOTS_BUCKET } from '../../proto/subjects.js';
import { pause } from '../../runtime/deadline.js';
import { createLog } from '../../runtime/log.js';
import { connectNats } from '../../runtime/nats.js';
import { fleetTest } from '../support/confinement.js';
import { hostsOf, isWhole } from './ask.grpc.js';
import { timesDone } from './fleet-host.nats.js';
import { stageForEach } from './on-stage.js';

const MS_MAX = 180_000;
const HOST = 'machine-0';
const PARTITION = partitionOf(HOST);
/** More than a snapshot waits for. */
const ENTRIES = 3_000;
const AT_ONCE = 500;

const stage = stageForEach();

/** Hands over a connection of the test's own. */
async function onServer<T>(
  act: (connection: Awaited<ReturnType<typeof connectNats>>['connection']) => Promise<T>,
): Promise<T> {
  const log = createLog('test', 'silent');
  const nats = await connectNats({ url: stage().server.url, name: 'test', log });
  try {
    return await act(nats.connection);
  } finally {
    await nats.close();
  }
}

/** As the machines of a partition make one in a day. */
function longJournal(): Promise<void> {
  return onServer(async (connection) => {
    const journal = await openJetStreamJournal({
      ...{ js: jetstream(connection), jsm: await jetstreamManager(connection), pause },
      ...{ partition: PARTITION, replicaCount: 1, mayCreate: true },
      payloadBytesMax: connection.info?.max_payload ?? 0,
    });
    let head: Head = genesis;
    for (let count = 0; count < ENTRIES; count += AT_ONCE) {
      const entries = Array.from({ length: AT_ONCE }, (_, at) => {
        const fact = {
          kind: 'rhythm.hour',
          hourOfWeek: at % 168,
          awayS: 1_800,
          returns: 2,
        } as const;
        const machine = `old-${String(at % 50)}`;
        const { sequence, atMs, body, hash } = chainEntry(head, 1_000, { ...fact, machine });
        head = { sequence, hash };
        return { sequence, atMs, body, hash };
      });
      await journal.append(entries);
    }
    await journal.close();
  });
}

/** What it says of the partition, line by line. */
function linesOf({ logFile }: RunningLull): { msg: string; after?: number; why?: string }[] {
  return readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes(`"partition":"${PARTITION}"`))
    .map((line) => JSON.parse(line) as { msg: string });
}

function said(by: RunningLull, msg: string): ReturnType<typeof linesOf> {
  return linesOf(by).filter((line) => line.msg === msg);
}

/** The first one led it, took a snapshot of it, and dies in the middle of a run. @returns the next. */
async function takenOver(meanwhile: () => Promise<unknown>): Promise<RunningLull> {
  await longJournal();
  const first = await stage().orchestrator('orchestrator-1');
  await stage().until('it takes a snapshot', () => said(first, 'a snapshot was taken').length > 0);
  expect(said(first, 'a journal was read')).toMatchObject([{ after: 0 }]);
  await meanwhile();
  const host = await stage().machine({ hostId: HOST, runMs: 2_000 });
  await stage().accept(first);
  await stage().until('it installs', () => host.granted.length > 1);
  const second = await stage().orchestrator('orchestrator-2');
  process.kill(first.pid, 'SIGKILL');
  await first.exited;
  await stage().until('it is installed', () => timesDone(host)['install update'] !== undefined);
  await stage().until('it is attached again', async () =>
    (await hostsOf(second)).some(({ id, attached }) => id === HOST && attached),
  );
  expect(timesDone(host)['install update']).toBe(1);
  expect(await isWhole(second, HOST)).toBe(true);
  return second;
}

fleetTest(
  'its leader dies: the next one reads what came after the snapshot alone, and nothing is lost or done twice',
  async () => {
    const next = await takenOver(() => Promise.resolve());
    const [read] = said(next, 'a journal was read');
    expect(read?.after).toBeGreaterThanOrEqual(ENTRIES);
    expect(
      said(next, 'the snapshot is not used; the journal is read from its first entry on'),
    ).toEqual([]);
  },
  MS_MAX,
);

fleetTest(
  'its snapshot was replaced by another: the next leader says so and reads everything, with the same result',
  async () => {
    const next = await takenOver(() =>
      onServer(async (connection) => {
        const bucket = await new Objm(jetstream(connection)).open(SNAPSHOTS_BUCKET);
        const bytes = await bucket.getBlob(PARTITION);
        await bucket.putBlob({ name: PARTITION }, bytes?.subarray(0, bytes.length - 20) ?? null);
      }),
    );
    expect(said(next, 'a journal was read')).toMatchObject([{ after: 0 }]);
    expect(
      said(next, 'the snapshot is not used; the journal is read from its first entry on'),
    ).toMatchObject([{ why: expect.stringContaining('damaged') as unknown }]);
  },
  MS_MAX,
);
