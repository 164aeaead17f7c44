// What was installed here and did not work: remembered by update, version and digest, so that it is
// not tried again whatever a scan says.
//
// Invariants:
//   X1. A mark outlives the update, its updater's registration and every restart: only a run of that
//       very content that ends well takes it away.
//   X2. Whatever the updater says, a tree that the host itself saw fail is known when it is seen again.

import type { ReasonCode } from '../../conditions/reason.js';
import type { Update } from '../runs/update.js';
import {
  updateKey,
  type BadMark,
  type MutableWorld,
  type UpdateState,
  type World,
} from './world.js';

/** Updates with marks, and marks of one update; the oldest go first. More than a machine meets. */
const MARKED_MAX = 1_000;
const MARKS_MAX = 16;

/** Whether it is this content: by its digest, and by its version where a digest is not known. */
function isOf(mark: BadMark, update: Update): boolean {
  return mark.digest !== undefined && update.digest !== undefined
    ? mark.digest === update.digest
    : mark.toVersion === update.toVersion;
}

export function markOf(world: World, updaterId: string, update: Update): BadMark | undefined {
  return world.bad.get(updateKey(updaterId, update.id))?.find((mark) => isOf(mark, update));
}

/** Whether a tree that the host has just seen is one that failed before (X2). */
export function isBadTree(world: World, key: string, treeSha256: string): boolean {
  return world.bad.get(key)?.some(({ trees }) => trees.includes(treeSha256)) ?? false;
}

export function markBad(
  world: MutableWorld,
  key: string,
  { update, committed = [] }: UpdateState,
  because: { readonly code: ReasonCode; readonly message: string },
): void {
  const { toVersion, digest } = update;
  const mark: BadMark = {
    toVersion,
    ...(digest === undefined ? {} : { digest }),
    trees: committed.map(({ treeSha256 }) => treeSha256),
    ...because,
  };
  const others = (world.bad.get(key) ?? []).filter((each) => !isOf(each, update));
  world.bad.delete(key);
  world.bad.set(key, [...others, mark].slice(-MARKS_MAX));
  const oldest = world.bad.keys().next();
  if (world.bad.size > MARKED_MAX && oldest.done !== true) world.bad.delete(oldest.value);
}

/** It works after all (X1). */
export function unmark(world: MutableWorld, key: string, update: Update): void {
  const left = world.bad.get(key)?.filter((mark) => !isOf(mark, update));
  if (left === undefined) return;
  if (left.length === 0) world.bad.delete(key);
  else world.bad.set(key, left);
}
