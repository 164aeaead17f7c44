// Runs as an operator asks for them: the last ones, or one with all that the journal has of it.

import { status } from '@grpc/grpc-js';
import {
  Entry,
  Run as WireRun,
  type ListEntriesRequest,
  type ListEntriesResponse,
  type ListRunsRequest,
  type ListRunsResponse,
} from '../../proto/gen/lull/operator/v1/operator.js';
import type { StoredEntry } from '../journal/chain.js';
import { piecesOf } from '../journal/unhurried.loop.js';
import type { Run } from '../runs/run.js';
import { parseEntry } from '../world/entry-log.loop.js';
import type { Ledger } from '../world/ledger.loop.js';
import type { World } from '../world/world.js';
import { RpcFailure } from '../world/answer.grpc.js';
import { pageFrom, pageOf } from './page.js';
import { entryToWire, runToWire } from './view.wire.js';

const RUNS_PAGE = 100;
const RUNS_PAGE_MAX = 1_000;
const ENTRIES_PAGE = 1_000;
const ENTRIES_PAGE_MAX = 10_000;
/** Names of runs in one message. */
const NAMED_MAX = 5;

export async function listRuns(
  { world }: Ledger,
  { pageSize, pageToken, runId }: ListRunsRequest,
  nowMs: number,
): Promise<ListRunsResponse> {
  const size = pageSize === 0 ? RUNS_PAGE : Math.min(pageSize, RUNS_PAGE_MAX);
  const all = runId === '' ? runsOf(world) : [runNamed(world, runId)];
  const { items: runs, nextPageToken } = await pageFrom(
    all,
    { size, token: pageToken },
    (run) => runToWire(run, nowMs),
    (run) => WireRun.encode(run).finish().length,
  );
  return { runs, nextPageToken };
}

export async function listEntries(
  ledger: Ledger,
  { fromSequence, pageSize, runId }: ListEntriesRequest,
): Promise<ListEntriesResponse> {
  const size = pageSize === 0 ? ENTRIES_PAGE : Math.min(pageSize, ENTRIES_PAGE_MAX);
  const run = runId === '' ? undefined : runNamed(ledger.world, runId);
  const all = entriesFrom(ledger, Math.max(1, Number(fromSequence)), run);
  const page = await pageOf(all, size, (entry) => Entry.encode(entry).finish().length);
  const last = page.items.at(-1)?.sequence ?? 0n;
  const isEnd = page.isLast || last >= lastOf(ledger, run);
  return { entries: page.items, nextSequence: isEnd ? 0n : last + 1n };
}

/** Of a run: between its first entry and the last one, which tells how it ended. */
async function* entriesFrom(
  ledger: Ledger,
  from: number,
  run: Run | undefined,
): AsyncGenerator<Entry> {
  const first = Math.max(from, run?.firstSequence ?? 1);
  for await (const piece of piecesOf(ledger, first, lastOf(ledger, run))) {
    for (const entry of piece) {
      if (run === undefined || isAbout(entry, run)) yield entryToWire(entry);
    }
  }
}

function lastOf(ledger: Ledger, run: Run | undefined): number {
  return run?.phase.kind === 'finished' ? run.lastSequence : ledger.head.sequence;
}

/** The newest first. */
function runsOf({ history, runs }: World): Run[] {
  return [...history, ...runs.values()].reverse();
}

/** @throws RpcFailure where none has that name, or several begin with it. */
function runNamed(world: World, name: string): Run {
  const all = runsOf(world);
  const exact = all.find(({ id }) => id === name);
  const meant = exact === undefined ? all.filter(({ id }) => id.startsWith(name)) : [exact];
  const [run] = meant;
  if (run === undefined) {
    const message = `no run here is called "${name}"; "lull history" lists the last ones, and the journal has those before ("lull audit log")`;
    throw new RpcFailure(status.NOT_FOUND, 'UNKNOWN_SUBJECT', message);
  }
  if (meant.length > 1) {
    const names = meant.slice(0, NAMED_MAX).map(({ id }) => id);
    const more = meant.length > NAMED_MAX ? ' and more' : '';
    const message = `"${name}" may be ${names.join(', ')}${more}: say more of it`;
    throw new RpcFailure(status.INVALID_ARGUMENT, 'AMBIGUOUS_SUBJECT', message);
  }
  return run;
}

/** Machines whose runs have the same ids may share the journal. */
function isAbout(stored: StoredEntry, { id, hostId }: Run): boolean {
  if (!stored.body.includes(id)) return false; // Cheaper than to read thousands of others.
  const { fact } = parseEntry(stored);
  const isOfHost = fact.machine === undefined || fact.machine === hostId;
  return isOfHost && 'runId' in fact && fact.runId === id;
}
