// Long answers come in pages, which the server bounds: a command follows them up to what it was asked for.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  Entry,
  OperatorServiceService,
  Run,
  type OperatorServiceServer,
} from '../../proto/gen/lull/operator/v1/operator.js';
import { serveUnix, type Listener } from '../../runtime/grpc.js';
import { askEntries, askHistory } from './ask.js';

const RUNS = 2_500;
const ENTRIES = 12_000;
/** As of a server whose entries are large. */
const PAGE = 700;

let directory: string;
let listener: Listener;
let calls: number;

const answers: Pick<OperatorServiceServer, 'listRuns' | 'listEntries'> = {
  listRuns: ({ request: { pageSize, pageToken } }, callback) => {
    calls += 1;
    const from = Number(pageToken);
    const count = Math.min(pageSize, PAGE, RUNS - from);
    const runs = Array.from({ length: count }, (_, n) => Run.fromPartial({ id: String(from + n) }));
    callback(null, { runs, nextPageToken: from + count < RUNS ? String(from + count) : '' });
  },
  listEntries: ({ request: { pageSize, fromSequence } }, callback) => {
    calls += 1;
    const from = Number(fromSequence);
    const count = Math.min(pageSize, PAGE, ENTRIES - from + 1);
    const entries = Array.from({ length: count }, (_, n) =>
      Entry.fromPartial({ sequence: BigInt(from + n) }),
    );
    const next = from + count;
    callback(null, { entries, nextSequence: next <= ENTRIES ? BigInt(next) : 0n });
  },
};

beforeEach(async () => {
  calls = 0;
  directory = mkdtempSync(join(tmpdir(), 'lull-k-'));
  listener = await serveUnix({
    path: join(directory, 'operator.sock'),
    mode: 0o600,
    register: (server) => {
      server.addService(OperatorServiceService, answers);
    },
  });
});

afterEach(async () => {
  await listener.close();
  rmSync(directory, { recursive: true });
});

test.each([
  [50, 50, 1],
  [1_000, 1_000, 2],
  [1_000_000, RUNS, 4],
])('a history of %d runs has %d of them, in order', async (count, shown, pages) => {
  const runs = await askHistory({ runDir: directory }, count);
  expect(runs.map(({ id }) => id)).toEqual(Array.from({ length: shown }, (_, n) => String(n)));
  expect(calls).toBe(pages);
});

test.each([
  [1, 10_000, 10_001n],
  [2_001, 10_000, undefined],
  [11_999, 2, undefined],
])('the entries from %d on are %d, in order, and more from %s on', async (from, count, more) => {
  const { entries, next } = await askEntries({ runDir: directory }, from);
  const all = Array.from({ length: count }, (_, n) => BigInt(from + n));
  expect(entries.map(({ sequence }) => sequence)).toEqual(all);
  expect(next).toBe(more);
});
