// A machine by itself whose journal is on a server.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import {
  natsServerProgram,
  startNatsServer,
  type NatsServerUnderTest,
} from '../../runtime/nats-server.testing.js';
import { until } from '../../runtime/until.testing.js';
import { chainEntry, genesis } from './chain.js';
import type { Journal } from './journal.js';
import { journalPlace } from './place.js';
import { openWitnessed } from './witnessed.loop.js';

const log = createLog('test', 'silent');
const missing = natsServerProgram === undefined ? ' (skipped: needs nats-server 2.10)' : '';
const describeHere = natsServerProgram === undefined ? describe.skip : describe;
let directory: string;
let server: NatsServerUnderTest;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lull-ws-'));
  server = await startNatsServer({ directory, storeDir: join(directory, 'store') });
});

afterEach(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

function open(allowLossy = false): Promise<Journal> {
  const place = journalPlace(`${server.url.href}/one`);
  return openWitnessed(place, join(directory, 'state'), { log, replicaCount: 1, allowLossy });
}

async function begin(): Promise<Journal> {
  const journal = await open();
  const fact = { kind: 'run.notice', runId: 'run-1', message: 'x' } as const;
  const { sequence, atMs, body, hash } = chainEntry(genesis, 1_000, fact);
  await journal.append([{ sequence, atMs, body, hash }]);
  return journal;
}

function isKept(): boolean {
  const file = join(directory, 'state', 'journals-seen.json');
  return existsSync(file) && readFileSync(file, 'utf8').includes('"sequence":1');
}

describeHere(`a server that comes back empty is no machine that is new${missing}`, () => {
  test.each<[string, boolean]>([
    ['after a stop', true],
    ['after kill -9, when nobody looked at the end', false],
  ])('%s', async (_what, closes) => {
    const journal = await begin();
    if (closes) await journal.close();
    // It is written beside what goes on, and no part of an append.
    await until('it is kept as seen', isKept);
    await server.kill();
    rmSync(join(directory, 'store'), { recursive: true });
    await server.start();
    await expect(open()).rejects.toMatchObject({ code: 'JOURNAL_LOST' });
    const taken = await open(true);
    expect((await taken.head()).sequence).toBe(0);
    await taken.close();
    if (!closes) await journal.close();
  });

  test('one that has what was seen is taken', async () => {
    await (await begin()).close();
    const again = await open();
    expect((await again.head()).sequence).toBe(1);
    await again.close();
  });
});
