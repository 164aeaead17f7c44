// The record of what was in a root before a run could write it: a line that says of what it is, and a line
// for each entry. And what became of the root since.

import { createReadStream } from 'node:fs';
import { writeDurably } from '../../runtime/durable.fs.js';
import { errorWords, HostError } from '../channel/host-failure.js';
import type { RootChange } from '../channel/hosted-run.js';
import { listInstalled } from './installed.fs.js';
import { comparison, type TreeEntry } from './tree.js';

/**
 * T20: holes cost their updater nothing, and whoever reads them hours. Half a minute of reading; databases
 * that reserve their addresses have less.
 */
const HOLE_BYTES_MAX = 16 * 1024 ** 3;
/** Of lines that are written in one go. */
const LINES = 1_000;

export interface WritableRoot {
  readonly name: string;
  readonly path: string;
}

export interface RecordHeading {
  readonly runId: string;
  readonly epoch: number;
  readonly root: WritableRoot;
  /** Why what follows is not the whole root. */
  readonly problem?: string;
  /** What came of it; absent: that is not known yet. */
  readonly change?: RootChange;
}

interface Listing {
  readonly entries: readonly TreeEntry[];
  /** Why it is not the whole root. */
  readonly problem?: string;
}

/** Durable when it resolves. A root that is too large, or cannot be read, is recorded as such. */
export async function record(
  { file, heading }: { readonly file: string; readonly heading: RecordHeading },
  between: () => void,
): Promise<void> {
  const { entries, ...problem } = listing(heading.root.path, between);
  await writeDurably(file, linesOf({ ...heading, ...problem }, entries));
}

/** What the record has as what came of the root, or what is seen to have: then it says so. */
export async function changeSince(
  { file }: { readonly file: string },
  between: () => void,
): Promise<{ readonly heading: RecordHeading; readonly change: RootChange }> {
  const { heading, before } = await readRecord(file);
  const { root, change } = heading;
  if (change !== undefined) return { heading, change };
  return { heading, change: changeOf(root, before, listing(root.path, between)) };
}

function changeOf({ name, path }: WritableRoot, before: Listing, after: Listing): RootChange {
  const found = comparison(before.entries, after.entries);
  const problem = before.problem ?? after.problem ?? '';
  return {
    ...{ kind: 'rootChanged', root: name, path, ...found, problem },
    changes: problem === '' ? found.changes : [],
    truncated: found.truncated || problem !== '',
  };
}

/** @throws HostError RUN_OVER alone. */
function listing(path: string, between: () => void): Listing {
  try {
    return { entries: listInstalled(path, between, HOLE_BYTES_MAX) };
  } catch (error) {
    if (error instanceof HostError && error.code === 'RUN_OVER') throw error;
    return { entries: [], problem: errorWords(error) };
  }
}

function* linesOf(
  heading: RecordHeading,
  entries: readonly TreeEntry[],
): Generator<string, void, undefined> {
  yield `${JSON.stringify(heading)}\n`;
  for (let at = 0; at < entries.length; at += LINES) {
    const some = entries.slice(at, at + LINES);
    yield some.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  }
}

async function readRecord(path: string): Promise<{ heading: RecordHeading; before: Listing }> {
  let heading: (RecordHeading & { readonly before?: Listing }) | undefined;
  const entries: TreeEntry[] = [];
  let rest = '';
  // By "\n" alone, which JSON has in no name: node:readline knows more ends of lines than that.
  for await (const chunk of createReadStream(path, 'utf8') as AsyncIterable<string>) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (heading === undefined) heading = JSON.parse(line) as RecordHeading;
      else entries.push(JSON.parse(line) as TreeEntry);
    }
  }
  if (heading === undefined && rest !== '') heading = JSON.parse(rest) as RecordHeading;
  if (heading === undefined) throw new Error('it is empty');
  const { problem } = heading;
  // One of an older version of Lull has all of it in its only line.
  const before = heading.before ?? { entries, ...(problem === undefined ? {} : { problem }) };
  return { heading, before };
}
