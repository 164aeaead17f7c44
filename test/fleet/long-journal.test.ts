// A partition with a long journal is taken over: from its snapshot, or without it.

import { jetstream } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import { expect } from '@jest/globals';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { partitionOf, SNAPSHOTS_BUCKET } from '../../proto/subjects.js';
import { createLog } from '../../runtime/log.js';
import { connectNats, type Nats } from '../../runtime/nats.js';
import { fleetTest } from '../support/confinement.js';
import { hostsOf, isWhole } from './ask.grpc.js';
import { timesDone } from './fleet-host.nats.js';
import { linesOf, type LoggedLine } from './led.js';
import { hourOfMachine, lengthen } from './long-journal.nats.js';
import { stageForEach } from './on-stage.js';

const MS_MAX = 180_000;
const HOST = 'machine-0';
const PARTITION = partitionOf(HOST);
/** More than a snapshot waits for. */
const ENTRIES = 3_000;
const MACHINES = 50;

const stage = stageForEach();

/** Hands over a connection of the test's own. */
async function onServer<T>(act: (nats: Nats) => Promise<T>): Promise<T> {
  const log = createLog('test', 'silent');
  const nats = await connectNats({ url: stage().server.url, name: 'test', log });
  try {
    return await act(nats);
  } finally {
    await nats.close();
  }
}

/** What it says of the partition in these words. */
function said(by: RunningLull, words: string): LoggedLine[] {
  return linesOf(by, words).filter(({ partition }) => partition === PARTITION);
}

/** The first one led it, took a snapshot of it, and dies in the middle of a run. @returns the next. */
async function takenOver(meanwhile: () => Promise<unknown>): Promise<RunningLull> {
  await onServer((nats) => lengthen(nats, PARTITION, ENTRIES, (at) => hourOfMachine(at, MACHINES)));
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
      onServer(async ({ connection }) => {
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
