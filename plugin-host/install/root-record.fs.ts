// What a run changes in a root that it may write: the host lists it before and after, by digest.
//
//   list before ─▶ record on the disk ─▶ the run ─▶ list after ─▶ told ─▶ record removed
//
// Invariants:
//   K1. The record is durable before the root can be written: whatever ends the run, or the host, what
//       was there before is known, and what came of it is told at the end or at the next start.
//   K2. Nothing of it stops a run or keeps one from ending: a root that is too large, or cannot be
//       read, is told as such.

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../runtime/log.js';
import { writeDurably } from '../artifacts/durable.fs.js';
import { errorWords } from '../channel/host-failure.js';
import type { RootChange } from '../channel/hosted-run.js';
import { listInstalled } from './installed.fs.js';
import { CHANGES_MAX } from '../../conditions/listed-changes.js';
import { changesBetween, summarize, type TreeEntry } from './tree.js';

export interface WritableRoot {
  readonly name: string;
  readonly path: string;
}

interface StoredRecord {
  readonly runId: string;
  readonly epoch: number;
  readonly root: WritableRoot;
  readonly before: Listing;
}

interface Listing {
  readonly entries: readonly TreeEntry[];
  /** Why it is not the whole root. */
  readonly problem?: string;
}

type Tell = (run: { runId: string; epoch: number }, change: RootChange) => void;

export interface RootRecords {
  /** K1. @throws where the record cannot be made durable. */
  begin(run: { runId: string; epoch: number }, roots: readonly WritableRoot[]): Promise<void>;
  /** Tells what became of the roots, and forgets the record. */
  end(runId: string, tell: Tell): Promise<void>;
  /** The same for every run that a crash has cut. */
  endAll(tell: Tell): Promise<void>;
}

export function openRootRecords({
  dir,
  log,
}: {
  readonly dir: string;
  readonly log: Log;
}): RootRecords {
  async function finish(file: string, tell: Tell): Promise<void> {
    const stored = JSON.parse(await readFile(join(dir, file), 'utf8')) as StoredRecord;
    const { runId, epoch, root, before } = stored;
    tell({ runId, epoch }, changeOf(root, before, await listingOf(root.path)));
    await rm(join(dir, file), { force: true });
  }

  async function finishAll(prefix: string, tell: Tell): Promise<void> {
    const names = await readdir(dir).catch(() => []);
    for (const name of names.filter((each) => each.startsWith(prefix) && each.endsWith('.json'))) {
      await finish(name, tell).catch((error: unknown) => {
        log.error({ err: error, record: name }, 'what was changed in a root is not known'); // K2
      });
    }
  }

  return {
    begin: async ({ runId, epoch }, roots) => {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      for (const root of roots) {
        const before = await listingOf(root.path);
        const stored: StoredRecord = { runId, epoch, root, before };
        const file = join(dir, `${prefixOf(runId)}${root.name}.json`);
        await writeDurably(file, JSON.stringify(stored));
      }
    },
    end: (runId, tell) => finishAll(prefixOf(runId), tell),
    endAll: (tell) => finishAll('', tell),
  };
}

function changeOf({ name, path }: WritableRoot, before: Listing, after: Listing): RootChange {
  const summary = summarize(after.entries);
  const { changes, truncated } = changesBetween(before.entries, after.entries, CHANGES_MAX);
  const problem = before.problem ?? after.problem ?? '';
  return {
    kind: 'rootChanged',
    root: name,
    path,
    treeBeforeSha256: summarize(before.entries).sha256,
    treeAfterSha256: summary.sha256,
    fileCount: summary.fileCount,
    sizeBytes: summary.sizeBytes,
    changes: problem === '' ? changes : [],
    truncated: truncated || problem !== '',
    problem,
  };
}

/** K2. */
async function listingOf(path: string): Promise<Listing> {
  try {
    return { entries: await listInstalled(path, () => Promise.resolve()) };
  } catch (error) {
    return { entries: [], problem: errorWords(error) };
  }
}

/** A run's id is never part of a path (T7). */
function prefixOf(runId: string): string {
  return `${createHash('sha256').update(runId).digest('hex').slice(0, 16)}-`;
}
