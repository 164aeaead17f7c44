// What a run changes in a root that it may write: the host lists it before and after, by digest.
//
//   list before ─▶ record on the disk ─▶ the run ─▶ list after ─▶ what changed, in the record's place ─▶ told
//        └─ it is over before it could write ─▶ record removed ◀─ the journal has it ──────────────────────┘
//
// Invariants:
//   K1. The record is durable before the root can be written: whatever ends the run, or the host, what
//       was there before is known, and what came of it is told at the end or at the next start, and at
//       each start until the journal has it.
//   K2. Nothing of it stops a run or keeps one from ending: a root that is too large, or cannot be
//       read, is told as such.
//   K3. A run that is frozen is listed no further; what is told at its end waits for nobody, and gives
//       way to others between two slices.
//
//   K4. What others change afterwards is never told as the run's: from its end on the record has what came
//       of it, and a run that never could write has none.
//
// A record is a line that says of what it is, and a line for each entry.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as othersFirst } from 'node:timers/promises';
import type { Log } from '../../runtime/log.js';
import { writeDurably } from '../../runtime/durable.fs.js';
import { errorCode, errorWords } from '../channel/host-failure.js';
import type { RootChange } from '../channel/hosted-run.js';
import { listInstalled } from './installed.fs.js';
import { inSlices } from './slices.loop.js';
import { SLICE } from './slices.js';
import { comparison, type TreeEntry } from './tree.js';

/**
 * T20: holes cost their updater nothing, and whoever reads them hours. Half a minute of reading; databases
 * that reserve their addresses have less.
 */
const HOLE_BYTES_MAX = 16 * 1024 ** 3;

export interface WritableRoot {
  readonly name: string;
  readonly path: string;
}

interface Heading {
  readonly runId: string;
  readonly epoch: number;
  readonly root: WritableRoot;
  /** Why `before` is not the whole root. */
  readonly problem?: string;
  /** What came of it; absent: that is not known yet. */
  readonly change?: RootChange;
}

interface Listing {
  readonly entries: readonly TreeEntry[];
  /** Why it is not the whole root. */
  readonly problem?: string;
}

type Tell = (run: { runId: string; epoch: number }, change: RootChange) => void;

export interface RootRecords {
  /**
   * K1. @param thawed resolves while the run is not frozen (K3), and rejects when it is over.
   * @throws where the record cannot be made durable.
   */
  begin(
    run: { runId: string; epoch: number },
    roots: readonly WritableRoot[],
    thawed: () => Promise<void>,
  ): Promise<void>;
  /** Tells what became of the roots. */
  end(runId: string, tell: Tell): Promise<void>;
  /** The same for every run that a crash has cut, and again what the journal may not have. */
  endAll(tell: Tell): Promise<void>;
  /** The journal has what came of this root. Never rejects. */
  heard(run: { runId: string; epoch: number }, root: string): Promise<void>;
}

export function openRootRecords({
  dir,
  log,
}: {
  readonly dir: string;
  readonly log: Log;
}): RootRecords {
  const fileOf = (run: { runId: string; epoch: number }, root: string): string =>
    join(dir, `${prefixOf(run.runId)}${String(run.epoch)}-${root}.json`);

  /** @param again also what was told before, by a process that is no more. */
  async function finish(file: string, tell: Tell, again: boolean): Promise<void> {
    const { heading, before } = await readRecord(join(dir, file));
    const { runId, epoch, root, change: known } = heading;
    if (known !== undefined) {
      if (again) tell({ runId, epoch }, known);
      return;
    }
    const change = await changeOf(root, before, await listingOf(root.path, atOnce));
    await settle(file, { runId, epoch, root, change });
    tell({ runId, epoch }, change);
  }

  /** K4. Where it cannot be written it is told once. */
  async function settle(file: string, heading: Heading): Promise<void> {
    const to = fileOf(heading, heading.root.name);
    const written = await writeDurably(to, `${JSON.stringify(heading)}\n`).then(
      () => true,
      (error: unknown) => {
        log.warn({ err: error, root: heading.root.path }, 'what was changed in it is told once');
        return false;
      },
    );
    if (!written || to !== join(dir, file)) await rm(join(dir, file), { force: true });
  }

  async function finishAll(prefix: string, tell: Tell, again: boolean): Promise<void> {
    const names = await readdir(dir).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return []; // No run has ever written a root.
      log.error({ err: error, dir }, 'what was changed in roots is not known'); // K2
      return [];
    });
    for (const name of names.filter((each) => each.startsWith(prefix) && each.endsWith('.json'))) {
      await finish(name, tell, again).catch((error: unknown) => {
        log.error({ err: error, record: name }, 'what was changed in a root is not known'); // K2
      });
    }
  }

  return {
    begin: async ({ runId, epoch }, roots, thawed) => {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      try {
        for (const root of roots) {
          const { entries, ...problem } = await listingOf(root.path, thawed);
          await thawed(); // Over: then that, and not the list, is what is wrong.
          const file = fileOf({ runId, epoch }, root.name);
          await writeDurably(file, linesOf({ runId, epoch, root, ...problem }, entries));
        }
      } catch (error) {
        for (const { name } of roots) await rm(fileOf({ runId, epoch }, name), { force: true }); // K4
        throw error;
      }
    },
    end: (runId, tell) => finishAll(prefixOf(runId), tell, false),
    endAll: (tell) => finishAll('', tell, true),
    heard: async (run, root) => {
      await rm(fileOf(run, root), { force: true }).catch((error: unknown) => {
        log.warn({ err: error, root }, 'what was changed in a root is told again after a start');
      });
    },
  };
}

async function changeOf(
  { name, path }: WritableRoot,
  before: Listing,
  after: Listing,
): Promise<RootChange> {
  const found = await inSlices(comparison(before.entries, after.entries), atOnce);
  const problem = before.problem ?? after.problem ?? '';
  return {
    ...{ kind: 'rootChanged', root: name, path, ...found, problem },
    changes: problem === '' ? found.changes : [],
    truncated: found.truncated || problem !== '',
  };
}

/** K2. */
async function listingOf(path: string, between: () => Promise<void>): Promise<Listing> {
  try {
    return { entries: await listInstalled(path, between, HOLE_BYTES_MAX) };
  } catch (error) {
    return { entries: [], problem: errorWords(error) };
  }
}

function atOnce(): Promise<void> {
  return Promise.resolve();
}

async function* linesOf(
  heading: Heading,
  entries: readonly TreeEntry[],
): AsyncGenerator<string, void> {
  yield `${JSON.stringify(heading)}\n`;
  for (let at = 0; at < entries.length; at += SLICE) {
    const slice = entries.slice(at, at + SLICE);
    yield slice.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    await othersFirst();
  }
}

async function readRecord(path: string): Promise<{ heading: Heading; before: Listing }> {
  let heading: (Heading & { readonly before?: Listing }) | undefined;
  const entries: TreeEntry[] = [];
  let rest = '';
  // By "\n" alone, which JSON has in no name: node:readline knows more ends of lines than that.
  for await (const chunk of createReadStream(path, 'utf8') as AsyncIterable<string>) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (heading === undefined) heading = JSON.parse(line) as Heading;
      else entries.push(JSON.parse(line) as TreeEntry);
    }
  }
  if (heading === undefined && rest !== '') heading = JSON.parse(rest) as Heading;
  if (heading === undefined) throw new Error('it is empty');
  const { problem } = heading;
  // One of an older version of Lull has all of it in its only line.
  const before = heading.before ?? { entries, ...(problem === undefined ? {} : { problem }) };
  return { heading, before };
}

/** A run's id is never part of a path (T7). */
function prefixOf(runId: string): string {
  return `${createHash('sha256').update(runId).digest('hex').slice(0, 16)}-`;
}
