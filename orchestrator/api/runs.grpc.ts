// Runs as an operator asks for them: the last ones, or one with all that the journal has of it.

import { status } from '@grpc/grpc-js';
import type {
  ListEntriesRequest,
  ListEntriesResponse,
  ListRunsRequest,
  ListRunsResponse,
} from '../../proto/gen/lull/operator/v1/operator.js';
import type { StoredEntry } from '../journal/chain.js';
import type { Run } from '../runs/run.js';
import { parseEntry } from '../world/entry-log.loop.js';
import type { Ledger } from '../world/ledger.loop.js';
import type { World } from '../world/world.js';
import { RpcFailure } from './answer.grpc.js';
import { entryToWire, runToWire } from './view.wire.js';

const RUNS_PAGE = 100;
const RUNS_PAGE_MAX = 1_000;
const ENTRIES_PAGE = 1_000;
const ENTRIES_PAGE_MAX = 10_000;
/** Names of runs in one message. */
const NAMED_MAX = 5;

export function listRuns(
  { world }: Ledger,
  { pageSize, pageToken, runId }: ListRunsRequest,
  nowMs: number,
): ListRunsResponse {
  const size = pageSize === 0 ? RUNS_PAGE : Math.min(pageSize, RUNS_PAGE_MAX);
  const all = runId === '' ? runsOf(world) : [runNamed(world, runId)];
  const from = Number.parseInt(pageToken, 10) || 0;
  const more = from + size < all.length;
  return {
    runs: all.slice(from, from + size).map((run) => runToWire(run, nowMs)),
    nextPageToken: more ? String(from + size) : '',
  };
}

export async function listEntries(
  ledger: Ledger,
  { fromSequence, pageSize, runId }: ListEntriesRequest,
): Promise<ListEntriesResponse> {
  const size = pageSize === 0 ? ENTRIES_PAGE : Math.min(pageSize, ENTRIES_PAGE_MAX);
  const from = Math.max(1, Number(fromSequence));
  const entries =
    runId === ''
      ? await ledger.read(from, size)
      : await entriesOf(ledger, runNamed(ledger.world, runId), from, size);
  return { entries: entries.map(entryToWire) };
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

/** Between its first entry and the last one that changed it: what it did is told before how it ended. */
async function entriesOf(
  ledger: Ledger,
  run: Run,
  from: number,
  size: number,
): Promise<readonly StoredEntry[]> {
  const found: StoredEntry[] = [];
  let next = Math.max(from, run.firstSequence);
  const last = run.phase.kind === 'finished' ? run.lastSequence : ledger.head.sequence;
  while (next <= last && found.length < size) {
    const page = await ledger.read(next, Math.min(ENTRIES_PAGE, last - next + 1));
    if (page.length === 0) break;
    found.push(...page.filter((entry) => isAbout(entry, run)));
    next += page.length;
  }
  return found.slice(0, size);
}

/** Machines whose runs have the same ids may share the journal. */
function isAbout(stored: StoredEntry, { id, hostId }: Run): boolean {
  if (!stored.body.includes(id)) return false; // Cheaper than to read thousands of others.
  const { fact } = parseEntry(stored);
  const isOfHost = fact.machine === undefined || fact.machine === hostId;
  return isOfHost && 'runId' in fact && fact.runId === id;
}
