// Where snapshots are kept, on a real nats-server, with what is kept taken away.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { connectNats, type Nats } from '../../runtime/nats.js';
import {
  natsServerProgram,
  startNatsServer,
  type NatsServerUnderTest,
} from '../../runtime/nats-server.testing.js';
import type { SnapshotStore } from '../world/partition-fold.loop.js';
import { openSnapshots } from './snapshots.nats.js';

const STREAM = 'OBJ_lull-snapshots';
/** Three parts as the library cuts them. */
const SIZE = 300_000;
const describeHere = natsServerProgram === undefined ? describe.skip : describe;
const missing = natsServerProgram === undefined ? ' (skipped: needs nats-server 2.10)' : '';

let directory: string;
let server: NatsServerUnderTest;
let nats: Nats;
let jsm: JetStreamManager;

function storeOf(partition: string): SnapshotStore {
  return openSnapshots(jetstream(nats.connection), 1)(partition);
}

describeHere(`the store of snapshots${missing}`, () => {
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'lull-sn-'));
    server = await startNatsServer({ directory });
    nats = await connectNats({ url: server.url, name: 'test', log: createLog('test', 'silent') });
    jsm = await jetstreamManager(nats.connection);
  });
  afterAll(async () => {
    await nats.close();
    await server.close();
    rmSync(directory, { recursive: true });
  });

  test('has none at first, and then the latest of each partition, and nothing of the one before', async () => {
    const [one, other] = [storeOf('p1'), storeOf('p2')];
    expect(await one.read()).toBeUndefined();
    const [before, after] = [randomBytes(SIZE), randomBytes(SIZE)];
    await one.write(before);
    expect(await storeOf('p1').read()).toEqual(before);
    await one.write(after);
    await other.write(before);
    expect(await one.read()).toEqual(after);
    expect(await other.read()).toEqual(before);
    await other.forget();
    expect(await other.read()).toBeUndefined();
    await other.write(before);
    const { state, config } = await jsm.streams.info(STREAM);
    expect(state.messages).toBe(2 * (3 + 1)); // Parts, and what says which they are.
    expect(config.max_age).toBeGreaterThan(0);
  });

  test('is made again when it was deleted', async () => {
    const store = storeOf('p1');
    await store.write(randomBytes(10));
    await jsm.streams.delete(STREAM);
    expect(await store.read()).toBeUndefined();
    await jsm.streams.delete(STREAM);
    const bytes = randomBytes(10);
    await store.write(bytes);
    expect(await store.read()).toEqual(bytes);
  });

  test('gives nothing where a part is missing', async () => {
    const store = storeOf('p3');
    await store.write(randomBytes(SIZE));
    const { state } = await jsm.streams.info(STREAM);
    await jsm.streams.deleteMessage(STREAM, state.last_seq - 2);
    await expect(store.read()).rejects.toThrow('digests do not match');
  });

  test('takes none that is too large to be read in the time of a takeover', async () => {
    const large = Buffer.alloc(64 * 1_024 * 1_024 + 1);
    await expect(storeOf('p4').write(large)).rejects.toThrow('is larger than');
    expect(await storeOf('p4').read()).toBeUndefined();
  });
});
