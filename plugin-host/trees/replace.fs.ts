// A staged tree becomes the next version of an install root, beside the version that is shown: listed,
// copied, and compared.

import { closeSync } from 'node:fs';
import { errorWords, HostError } from '../channel/host-failure.js';
import type { Owner } from './copy-file.fs.js';
import { copyStaged } from './copy.fs.js';
import { listInstalled } from './installed.fs.js';
import { replacementOf } from './replacement.js';
import { plainSegments } from './staged-rules.js';
import { comparison, type Comparison } from './tree.js';
import { openBelow } from './walk.fs.js';

export interface StagedTree {
  readonly workDir: string;
  /** Below it, as the updater says it. */
  readonly path: string;
}

export interface ReplaceOrder {
  /** What is shown, as a path; absent: nothing is. */
  readonly shown?: {
    readonly path: string;
    /** Whether nobody but the host can write its files: the same ones are given a further name. */
    readonly isOurs: boolean;
  };
  readonly staged: StagedTree;
  /** What of the root it replaces; empty: all of it. */
  readonly replacedPaths: readonly string[];
  /** Made by this; must not exist. It is left as it is where this fails. */
  readonly into: string;
  readonly owner: Owner;
  /** Mode of the tree's own directory. */
  readonly topMode: number;
  /** Of the updater. */
  readonly uid: number;
  readonly bytesMax: number;
}

/** @throws HostError FIELD_INVALID with the first thing that a staged tree may not hold. */
export function replace(order: ReplaceOrder, between: () => void): Comparison {
  const { shown, staged, replacedPaths, into, owner, topMode, uid, bytesMax } = order;
  const replacement = replacedPaths.length === 0 ? undefined : replacementOf(replacedPaths);
  const before = shown === undefined ? [] : listInstalled(shown.path, between);
  const same = shown?.isOurs === true ? { path: shown.path, entries: before } : undefined;
  const from = openStaged(staged);
  try {
    const after = copyStaged({
      ...{ staged: from, into, owner, topMode, uid, bytesMax, same, between },
      ...(replacement === undefined ? {} : { kept: { replacement, path: shown?.path } }),
    });
    return comparison(before, after);
  } finally {
    closeSync(from);
  }
}

/** Two trees as they are; an absent one has nothing in it. */
export function compare(
  { before, after }: { readonly before?: string; readonly after?: string },
  between: () => void,
): Comparison {
  const listed = (path: string | undefined) =>
    path === undefined ? [] : listInstalled(path, between);
  return comparison(listed(before), listed(after));
}

/** @throws HostError FIELD_INVALID for a path that is not plain, where no directory is, or behind a link. */
export function openStaged({ workDir, path }: StagedTree): number {
  const segments = plainSegments(path);
  if (segments === undefined) {
    throw new HostError('FIELD_INVALID', 'staged_path is not a plain relative path');
  }
  try {
    return openBelow(workDir, segments);
  } catch (error) {
    throw new HostError(
      'FIELD_INVALID',
      `staged_path is not a directory in the work directory: ${errorWords(error)}`,
      { cause: error },
    );
  }
}
