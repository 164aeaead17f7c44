// How long each disk had work, by its own file in /sys, while there are few. /proc/diskstats has a line for
// every loop device and partition as well, and the kernel adds up the counters of all of them at each look:
// fifty times the work where a machine has one disk and a hundred packages mounted.
//
// Invariants:
//   F1. A disk that was plugged in is noticed within `LIST_EVERY_MS`, one that was pulled out within a second.
//   F2. Either each of them was read, or nothing is said: whoever asks looks into /proc/diskstats then.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { busyMsOf, isDisk } from '../reading/disk.js';
import { keptFile, type KeptFile } from './kept-file.js';

/** Where there are more, one file for all of them costs less, and keeps fewer files open. */
const FEW_MAX = 8;
/** A machine lists every package that is mounted among them, and disks come by hand. */
const LIST_EVERY_MS = 4_900;
/** Seventeen numbers, of twenty digits at most. */
const STAT_BYTES_MAX = 512;

interface OneDisk {
  readonly name: string;
  readonly file: KeptFile;
  /** As it was read last. */
  busyMs: number;
}

interface FewDisks {
  /** @returns the milliseconds in which each had work; undefined where it is not known of each of few. */
  read(atMs: number): readonly Readonly<Pick<OneDisk, 'name' | 'busyMs'>>[] | undefined;
  close(): void;
}

/** @param path the directory with an entry for each disk: /sys/block. */
export function fewDisks(path: string): FewDisks {
  let disks: readonly OneDisk[] = [];
  let listedAtMs = -Infinity;

  function list(atMs: number): void {
    if (atMs - listedAtMs < LIST_EVERY_MS) return;
    listedAtMs = atMs;
    keep(namesIn(path));
  }

  function keep(names: readonly string[]): void {
    for (const { name, file } of disks) if (!names.includes(name)) file.close();
    disks = names.map((name) => disks.find((disk) => disk.name === name) ?? open(name)); // F1
  }

  function open(name: string): OneDisk {
    return { name, file: keptFile(join(path, name, 'stat'), '', STAT_BYTES_MAX), busyMs: 0 };
  }

  return {
    read: (atMs) => {
      list(atMs);
      for (const disk of disks) {
        const read = disk.file.read(atMs);
        const busyMs = read.kind === 'bytes' ? busyMsOf(read.bytes, read.length) : undefined;
        if (busyMs === undefined) {
          keep([]); // F2: until they are listed again.
          return undefined;
        }
        disk.busyMs = busyMs;
      }
      return disks.length === 0 ? undefined : disks;
    },
    close: () => {
      keep([]);
    },
  };
}

/** The disks, while they are few. */
function namesIn(path: string): readonly string[] {
  try {
    const names = readdirSync(path).filter(isDisk);
    return names.length > FEW_MAX ? [] : names;
  } catch {
    return []; // F2
  }
}
