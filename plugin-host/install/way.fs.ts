// The way to a root: every directory and every link that is passed from / on. Whoever can change one of
// them decides what the way leads to, and the host writes, gives away and removes there as root (T9).
//
// Invariants:
//   V1. What is judged is what is passed, link by link: not the text of a path, and not where it ends.
//   V2. Nobody has a say on the way but the owner of /, who has one on everything, and the host itself.
//   V3. Where everybody may add names and nobody may take another's (/tmp), the next step has to be
//       there already and be theirs; so has the end of the way.
//
// What was found good stays so: it takes one of those that V2 names to change it.

import type { Stats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, HostError } from '../channel/host-failure.js';

/** As the kernel follows. */
const LINKS_MAX = 40;

/** @throws HostError with who else has a say on what `path` leads to, and what to do. */
export async function requireOwnWay(path: string): Promise<void> {
  const problem = await wayProblem(path);
  if (problem !== undefined) throw new HostError('GRANT_MISSING', problem);
}

/** Who else has a say on what `path` leads to, or undefined. */
export async function wayProblem(path: string): Promise<string | undefined> {
  const found = await foreignStep(path);
  return found === undefined
    ? undefined
    : `${path} lies behind ${found}, and who could lead Lull to any place. Bind a directory that has ` +
        `no such step on its way: a user's own are for a Lull which that user starts`;
}

async function foreignStep(path: string): Promise<string | undefined> {
  const trusted = new Set([(await lstat('/')).uid, process.getuid?.() ?? 0]); // V2
  let at = '/';
  let names = namesOf(path);
  for (let links = 0; links <= LINKS_MAX;) {
    const [name = '', ...rest] = names;
    const directory = await lstat(at);
    if (!trusted.has(directory.uid)) return `${at}, which belongs to ${userOf(directory)}`;
    const others = othersWhoWrite(directory);
    const isSticky = (directory.mode & 0o1000) !== 0;
    if (others !== undefined && !isSticky) return `${at}, which can be written by ${others}`;
    const next = join(at, name);
    const step = await lstatIfThere(next);
    if (others !== undefined && (step === undefined || !trusted.has(step.uid))) {
      return step === undefined // V3
        ? `${next}, which is not there yet and can be made by ${others}`
        : `${next}, which belongs to ${userOf(step)}`;
    }
    if (step === undefined || rest.length === 0) return undefined;
    names = rest;
    if (!step.isSymbolicLink()) {
      at = next;
      continue;
    }
    if (!trusted.has(step.uid)) return `${next}, a link of ${userOf(step)}`;
    const target = await readlink(next);
    if (target.startsWith('/')) at = '/';
    names = [...namesOf(target), ...rest];
    links += 1;
  }
  throw new HostError('APPLY_FAILED', `${path} lies behind more than ${String(LINKS_MAX)} links`);
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '');
}

function othersWhoWrite({ mode, gid }: Stats): string | undefined {
  if ((mode & 0o002) !== 0) return 'everybody';
  const isOwn = gid === (process.getgid?.() ?? 0);
  return (mode & 0o020) !== 0 && !isOwn ? `group ${String(gid)}` : undefined;
}

function userOf({ uid }: Stats): string {
  return `user ${String(uid)}`;
}

async function lstatIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
