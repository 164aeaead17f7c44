// Disks as the kernel describes them: which are real, which spin, which are at work.

import type { Value } from '../../conditions/reading.js';
import { flagValue, unknownValue } from './measurement.js';

/** More than this many block devices are not looked at. */
export const DISKS_MAX = 256;

/** Why nothing is said of the disks of a machine that shows none. */
export const NO_DISK = 'no disk is visible here; show the block devices of the machine to Lull';

// Work on these shows on the disk below them, is memory, or is a drive nobody installs to.
const notADisk = /^(?:loop|ram|zram|dm-|md|sr|fd|nbd)\d/;

export function isDisk(name: string): boolean {
  return /^[a-zA-Z0-9!_-]{1,64}$/.test(name) && !notADisk.test(name);
}

/** Its name, nine counters, and the milliseconds; a number that ends the text may have been cut. */
const line = /^ *\d+ +\d+ (\S+)(?: \d+){9} (\d+)[ \n]/gm;

/**
 * Parses /proc/diskstats to the milliseconds in which each device had work.
 * Partitions stay in: a partition is never busier than its disk, so the maximum is a whole disk's.
 */
export function parseDiskTicks(text: string): Map<string, number> {
  const ticks = new Map<string, number>();
  for (const [, name = '', busyMs] of text.matchAll(line)) {
    if (isDisk(name) && ticks.size < DISKS_MAX) ticks.set(name, Number(busyMs));
  }
  return ticks;
}

/** Whether any disk spins, from the text of each one's `queue/rotational`. */
export function anyRotating(flags: readonly (string | undefined)[]): Value {
  const trimmed = flags.map((flag) => flag?.trim());
  if (trimmed.includes('1')) return flagValue(true);
  if (trimmed.length === 0) return unknownValue(NO_DISK);
  if (trimmed.every((flag) => flag === '0')) return flagValue(false);
  return unknownValue('a disk does not say whether it rotates');
}
