// Where no root of an updater may lie, whatever its manifest says and whoever accepted it. Only the
// host can tell: which directories are its own, and what belongs to whom on its disk.
//
// Invariants:
//   G1. Not in, and not around, what is the host's own: a bundle that was put there would be launched
//       unverified (T1), and what lies there would be shown.
//   G2. Not where somebody else decides what a path leads to (way.fs.ts), an updater for one: it could
//       put a link on the way, and the host would follow it as root (T9).

import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { overlaps } from '../../bundle/grant.js';
import { errorCode, HostError } from '../channel/host-failure.js';
import { wayProblem } from './way.fs.js';

export interface Ground {
  /** Absolute. */
  readonly ownDirs: readonly string[];
}

/** Why a root may not lie at `path`, or undefined. */
export async function groundProblem(
  path: string,
  { ownDirs }: Ground,
): Promise<string | undefined> {
  const at = await leadsTo(path);
  for (const each of ownDirs) {
    const own = await leadsTo(each);
    if (overlaps(at, own) || overlaps(path, each)) return `${path} is not apart from ${each}`; // G1
  }
  return wayProblem(path); // G2
}

/**
 * A root that is mounted has to be there, and without a link on the way, which would be followed.
 * @throws HostError.
 */
export async function requireDirect(path: string): Promise<void> {
  const at = await realpath(path).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error;
    const words = `${path} is not there: the operator of the machine has to make that directory`;
    throw new HostError('APPLY_FAILED', words, { cause: error });
  });
  if (at !== path) throw new HostError('APPLY_FAILED', `${path} is, or lies behind, a link`);
}

/** The path without a link in it, as far as it is there. */
async function leadsTo(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' || path === '/') throw error;
    return join(await leadsTo(dirname(path)), path.slice(path.lastIndexOf('/') + 1));
  }
}
