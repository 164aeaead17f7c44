// A directory tree as a list: its digest, its size, and what changed from one to another.

import { createHash } from 'node:crypto';
import { CHANGES_MAX } from '../../conditions/listed-changes.js';
import type { FileChange, TreeChange } from '../channel/hosted-run.js';

export type TreeEntry =
  | {
      readonly kind: 'file';
      /** Relative, "/" between segments. */
      readonly path: string;
      readonly mode: number;
      readonly sizeBytes: number;
      readonly sha256: string;
      readonly uid: number;
    }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  /** What neither a digest nor a copy can be made of: a socket, a device, a name that is not text. */
  | { readonly kind: 'other'; readonly path: string; readonly mode: number };

/** What the audit is told of a tree that took the place of another one. */
export type Comparison = Omit<TreeChange, 'root' | 'path'>;

export interface TreeSummary {
  readonly sha256: string;
  readonly fileCount: number;
  readonly sizeBytes: number;
}

const LINK_MODE = 0o777;

/** sha256 over the sorted lines "path NUL mode NUL content" of everything that is not a directory. */
export function summarize(entries: readonly TreeEntry[]): TreeSummary {
  const hash = createHash('sha256');
  let fileCount = 0;
  let sizeBytes = 0;
  for (const entry of [...entries].sort(byPath)) {
    if (entry.kind === 'directory') continue;
    fileCount += 1;
    if (entry.kind === 'file') sizeBytes += entry.sizeBytes;
    hash.update(`${entry.path}\0${modeOf(entry).toString(8)}\0${contentOf(entry)}\n`);
  }
  return { sha256: hash.digest('hex'), fileCount, sizeBytes };
}

/** What was added, changed or removed, by path; at most `countMax`, then `truncated`. */
export function changesBetween(
  before: readonly TreeEntry[],
  after: readonly TreeEntry[],
  countMax: number,
): { readonly changes: readonly FileChange[]; readonly truncated: boolean } {
  const old = new Map(before.filter(isLeaf).map((entry) => [entry.path, entry]));
  const changes: FileChange[] = [];
  for (const entry of after.filter(isLeaf)) {
    const was = old.get(entry.path);
    old.delete(entry.path);
    const beforeSha256 = was === undefined ? '' : digestOf(was);
    const afterSha256 = digestOf(entry);
    if (was !== undefined && beforeSha256 === afterSha256 && modeOf(was) === modeOf(entry))
      continue;
    const beforeMode = was === undefined ? {} : { beforeMode: modeOf(was) };
    changes.push({
      ...{ path: entry.path, beforeSha256, afterSha256, mode: modeOf(entry), ...beforeMode },
    });
  }
  for (const gone of old.values()) {
    const mode = modeOf(gone);
    const digests = { beforeSha256: digestOf(gone), afterSha256: '' };
    changes.push({ path: gone.path, ...digests, mode, beforeMode: mode });
  }
  const first = changes.sort(byPath).slice(0, countMax);
  return { changes: first, truncated: changes.length > countMax };
}

export function comparison(before: readonly TreeEntry[], after: readonly TreeEntry[]): Comparison {
  const { sha256: treeBeforeSha256 } = summarize(before);
  const { sha256: treeAfterSha256, fileCount, sizeBytes } = summarize(after);
  const { changes, truncated } = changesBetween(before, after, CHANGES_MAX);
  return { treeBeforeSha256, treeAfterSha256, fileCount, sizeBytes, changes, truncated };
}

type Leaf = Exclude<TreeEntry, { kind: 'directory' }>;

function isLeaf(entry: TreeEntry): entry is Leaf {
  return entry.kind !== 'directory';
}

function modeOf(entry: TreeEntry): number {
  return entry.kind === 'link' ? LINK_MODE : entry.mode;
}

function contentOf(entry: Leaf): string {
  switch (entry.kind) {
    case 'file':
      return entry.sha256;
    case 'link':
      return entry.target;
    case 'other':
      return '';
  }
}

/** A link's content is its target, so that a change of it has two digests like any other. */
function digestOf(entry: Leaf): string {
  if (entry.kind === 'file') return entry.sha256;
  return createHash('sha256').update(contentOf(entry)).digest('hex');
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
