import { readdirSync, statSync, type BigIntStats } from 'node:fs';
import { join } from 'node:path';
import type { Value } from '../../conditions/reading.js';
import { parseLocks, sameFile, type FileId } from '../reading/kernel-locks.js';
import { flagValue, unknownValue, type Subject } from '../reading/measurement.js';
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

/** Which package manager's lock is held, without trying to take it. */
export function locksProbe(procRoot: string, root: string): Probe {
  const path = join(procRoot, 'locks');
  const names = [...lockFiles.keys()];
  const subjects = names.map((name): Subject => ({ signal: 'lock.held', instance: name }));
  return {
    name: path,
    subjects,
    everyMs: EVERY_MS,
    measure: () => {
      const file = readText(path, 'use a kernel with CONFIG_FILE_LOCKING');
      const held = file.kind === 'text' ? parseLocks(file.text) : [];
      return subjects.map((subject) => {
        const paths = (lockFiles.get(subject.instance) ?? []).flatMap((each) =>
          filesAt(root, each),
        );
        const value =
          file.kind === 'text' ? heldValue(subject.instance, paths, held) : unknownValue(file.why);
        return { ...subject, source: path, value };
      });
    },
  };
}

function heldValue(name: string, paths: readonly string[], held: readonly FileId[]): Value {
  const ids = paths.flatMap((path) => fileId(path) ?? []);
  if (ids.length === 0) return unknownValue(`${name} has no lock file here; it is not installed`);
  return flagValue(ids.some((id) => held.some((each) => sameFile(each, id))));
}

function filesAt(root: string, name: string): string[] {
  const path = join(root, name);
  if (!name.endsWith('/')) return [path];
  try {
    return readdirSync(path)
      .slice(0, FILES_MAX)
      .map((file) => join(path, file));
  } catch {
    return [];
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
