// P8, journal: durable appends a second, one after the other, of one entry each.
//
//   Lull's journal on SQLite            A     in the thread of its own, as it is used
//   append + fdatasync of the same      B
//   Lull's journal on JetStream         C
//   publish + acknowledgement alone     D     A B C D A B C D …

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import {
  chainEntry,
  genesis,
  type Head,
  type StoredEntry,
} from '../../orchestrator/journal/chain.js';
import type { Journal } from '../../orchestrator/journal/journal.js';
import { openJournal } from '../../orchestrator/journal/open.loop.js';
import { journalPlace } from '../../orchestrator/journal/place.js';
import { createLog } from '../../runtime/log.js';
import { connectNats } from '../../runtime/nats.js';
import { natsServerProgram, startNatsServer } from '../../runtime/nats-server.testing.js';
import type { Benchmark, BenchOptions, Figures, Measured } from '../benchmark.js';
import { median, quantile, rounded, table } from '../report.js';
import { openScratch } from '../scratch.fs.js';
import { openBareFile } from './bare.fs.js';

const APPENDS = { whole: 2_000, quick: 300 };
const GOAL = 0.8;
/** With the rest of an entry about 200 bytes, as most are. */
const MESSAGE = 'x'.repeat(100);
const NS_PER_MS = 1e6;

export const journaling: Benchmark = {
  what: 'durable appends a second ÷ those of a bare file, and of bare JetStream',
  quickRepeats: 3,
  needsSandbox: false,
  run: measure,
};

/** Stores one entry, durably. */
type Append = (entry: StoredEntry) => Promise<unknown>;

interface Side {
  readonly append: Append;
  head: Head;
  /** One list for each repeat. */
  readonly tookMs: number[][];
}

async function measure({ quick, repeats, say, opened }: BenchOptions): Promise<Measured> {
  const scratch = openScratch(opened);
  const log = createLog('bench', 'warn');
  const options = { log, replicaCount: 1, allowLossy: false };
  const sqlite = await openJournal(journalPlace(join(scratch, 'journal.db')), options);
  opened.add('journal', sqlite);
  const file = openBareFile(join(scratch, 'bare'), opened);
  const sides = new Map<string, Side>([
    ['sqlite', sideOf((entry) => sqlite.append([entry]))],
    ['file', sideOf((entry) => file(Buffer.from(JSON.stringify(entry))))],
  ]);
  if (natsServerProgram === undefined) {
    say('JetStream is left out: no nats-server 2.10 or newer is here (NATS_SERVER).');
  } else for (const [name, side] of await streamSides(scratch, opened)) sides.set(name, side);
  const count = APPENDS[quick ? 'quick' : 'whole'];
  for (let repeat = -1; repeat < repeats; repeat += 1) {
    // The first round only warms up.
    for (const side of sides.values()) await appendMany(side, count, repeat >= 0);
  }
  return summary(sides, repeats, say);
}

function sideOf(append: Append): Side {
  return { append, head: genesis, tookMs: [] };
}

async function streamSides(
  scratch: string,
  opened: BenchOptions['opened'],
): Promise<[string, Side][]> {
  const directory = join(scratch, 'n');
  mkdirSync(directory);
  const log = createLog('bench', 'warn');
  const { url } = await opened.addOpening('nats-server', startNatsServer({ directory }));
  const place = journalPlace(new URL('/bench', url).href);
  const options = { log, replicaCount: 1, allowLossy: false };
  const journal: Journal = opened.add('journal', await openJournal(place, options));
  const nats = opened.add('nats', await connectNats({ url, name: 'bench', log }));
  const jsm = await jetstreamManager(nats.connection);
  await jsm.streams.add({ name: 'BARE', subjects: ['bare'] });
  const js = jetstream(nats.connection);
  return [
    ['jetstream', sideOf((entry) => journal.append([entry]))],
    ['publish', sideOf((entry) => js.publish('bare', JSON.stringify(entry)))],
  ];
}

async function appendMany(side: Side, count: number, counts: boolean): Promise<void> {
  const took: number[] = [];
  for (let each = 0; each < count; each += 1) {
    const startedNs = process.hrtime.bigint();
    const fact = { kind: 'run.notice', runId: 'run-1', message: MESSAGE } as const;
    const { sequence, atMs, body, hash } = chainEntry(side.head, Date.now(), fact);
    await side.append({ sequence, atMs, body, hash });
    side.head = { sequence, hash };
    took.push(Number(process.hrtime.bigint() - startedNs) / NS_PER_MS);
  }
  if (counts) side.tookMs.push(took);
}

function summary(
  sides: ReadonlyMap<string, Side>,
  repeats: number,
  say: BenchOptions['say'],
): Measured {
  const figuresOf = ({ tookMs }: Side): Figures => ({
    appends_per_s: rounded(median(tookMs.map(perSecond)), 0),
    p50_ms: rounded(quantile(tookMs.flat(), 0.5)),
    p99_ms: rounded(quantile(tookMs.flat(), 0.99)),
  });
  const beside = Object.fromEntries([...sides].map(([name, side]) => [name, figuresOf(side)]));
  const rows = Object.entries(beside).map(([name, figures]) => [
    name,
    ...Object.values(figures).map(String),
  ]);
  say(`\n${table([['', 'appends/s', 'p50 ms', 'p99 ms'], ...rows])}`);
  const figures: Record<string, number> = {};
  for (const [name, ours, bare] of [
    ['sqlite_ratio', 'sqlite', 'file'],
    ['jetstream_ratio', 'jetstream', 'publish'],
  ] as const) {
    const [left, right] = [sides.get(ours), sides.get(bare)];
    if (left === undefined || right === undefined) continue;
    const ratios = left.tookMs.map(
      (took, at) => perSecond(took) / perSecond(right.tookMs[at] ?? []),
    );
    figures[name] = rounded(median(ratios));
    figures[`${name}_worst`] = rounded(Math.min(...ratios));
    const verdict = median(ratios) >= GOAL ? 'yes' : 'NO';
    say(
      `${name}: median ${median(ratios).toFixed(2)}, worst ${Math.min(...ratios).toFixed(2)}; goal ≥ ${String(GOAL)} ${verdict}`,
    );
  }
  return {
    repeats,
    figures,
    beside,
    samples: Object.fromEntries([...sides].map(([name, { tookMs }]) => [name, tookMs])),
  };
}

function perSecond(tookMs: readonly number[]): number {
  return (tookMs.length * 1_000) / tookMs.reduce((sum, ms) => sum + ms, 0);
}
