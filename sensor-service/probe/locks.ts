import { readdirSync, statSync, type BigIntStats } from 'node:fs';
import { join } from 'node:path';
import type { Value } from '../../conditions/reading.js';
import { parseLocks, sameFile, type FileId } from '../reading/kernel-locks.js';
import { flagValue, measurement, unknownValue, type Subject } from '../reading/measurement.js';
import {
  FOR_ROOT,
  mountsOf,
  OTHER_PROCESSES,
  seesProcesses,
  type Roots,
} from './machine-processes.js';
import type { Probe } from './probe.js';
import { readText } from './text-file.js';

/** The kernel stops every change of locks, on all cores, while it lists them. */
const EVERY_MS = 4_900;
const FILES_MAX = 256;

/** What package managers lock while they change something. A name that ends in / is a directory. */
const lockFiles: ReadonlyMap<string, readonly string[]> = new Map([
  ['dpkg', ['var/lib/dpkg/lock-frontend', 'var/lib/dpkg/lock']],
  ['apt', ['var/lib/apt/lists/lock', 'var/cache/apt/archives/lock']],
  ['rpm', ['var/lib/rpm/.rpm.lock', 'usr/lib/sysimage/rpm/.rpm.lock']],
  // What is deployed, what is pulled, and the store below both. A user's own installation has locks of its
  // own, and stands in the way of nothing that is the machine's.
  ['flatpak', ['var/lib/flatpak/lock', 'var/lib/flatpak/repo-lock', 'var/lib/flatpak/repo/.lock']],
  // Its own state.lock is held as long as snapd runs; these are held while a snap is changed.
  ['snapd', ['run/snapd/lock/']],
]);

const NO_FILES = `what lies on the machine is for root to see; ${FOR_ROOT}`;

/** Which package manager's lock is held, without trying to take it. */
export function locksProbe(roots: Roots): Probe {
  const path = join(roots.procRoot, 'locks');
  const names = [...lockFiles.keys()];
  const subjects = names.map((name): Subject => ({ signal: 'lock.held', instance: name }));
  return {
    name: path,
    subjects,
    everyMs: EVERY_MS,
    measure: () => {
      const at = machineRoot(roots);
      const file = readText(path, 'use a kernel with CONFIG_FILE_LOCKING');
      const held = file.kind === 'text' ? parseLocks(file.text) : [];
      return subjects.map((subject) => {
        if (typeof at !== 'string') return measurement(subject, path, at);
        const value =
          file.kind === 'text' ? heldValue(subject.instance, at, held) : unknownValue(file.why);
        return measurement(subject, path, value);
      });
    },
  };
}

/**
 * Where the files of the machine lie. A container has others by the same names, and the kernel lists it no
 * lock of a process that it does not show.
 */
function machineRoot(roots: Roots): string | Value {
  if (!seesProcesses(roots)) return unknownValue(OTHER_PROCESSES);
  const ofInit = join(roots.procRoot, '1', 'root');
  try {
    statSync(ofInit);
    return join(ofInit, roots.root);
  } catch (error) {
    const isRefused = (error as NodeJS.ErrnoException).code !== 'ENOENT';
    // Also outside of containers, to whoever may do less than init; the root of most containers is laid over.
    const isLaidOver = mountsOf(roots.procRoot).get(roots.root)?.includes('overlay') === true;
    return isRefused && isLaidOver ? unknownValue(NO_FILES) : roots.root;
  }
}

function heldValue(name: string, root: string, held: readonly FileId[]): Value {
  const found = (lockFiles.get(name) ?? []).map((each) => filesAt(root, each));
  const ids = found.flatMap((paths) => paths ?? []).flatMap((path) => fileId(path) ?? []);
  // Where each change makes a file of its own and there is none, nothing was changed since the start.
  const isEmpty = found.some((paths) => paths?.length === 0);
  if (ids.length === 0 && !isEmpty) {
    return unknownValue(`${name} has no lock file here; it is not installed, or was not used yet`);
  }
  return flagValue(ids.some((id) => held.some((each) => sameFile(each, id))));
}

/** Undefined: there is no such directory. */
function filesAt(root: string, name: string): string[] | undefined {
  const path = join(root, name);
  if (!name.endsWith('/')) return [path];
  try {
    return readdirSync(path)
      .slice(0, FILES_MAX)
      .map((file) => join(path, file));
  } catch {
    return undefined;
  }
}

/** The kernel's number of a device, as glibc takes it apart. */
function fileId(path: string): FileId | undefined {
  let stat: BigIntStats;
  try {
    stat = statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
  const { dev, ino } = stat;
  return {
    major: Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n)),
    minor: Number((dev & 0xffn) | ((dev >> 12n) & 0xffffff00n)),
    inode: Number(ino),
  };
}
