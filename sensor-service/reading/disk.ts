// Disks as the kernel describes them: which are real, which spin, which are at work.

import type { Value } from '../../conditions/reading.js';
import { afterSpaces, endOfDigits, NEWLINE, numberIn, SPACE } from './digits.js';
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

/** Between a device's name and the milliseconds in which it had work. */
const COUNTERS = 9;

/**
 * Reads /proc/diskstats: the milliseconds in which each device had work.
 * Partitions stay in: a partition is never busier than its disk, so the maximum is a whole disk's.
 */
export function eachDisk(
  bytes: Buffer,
  length: number,
  take: (name: string, busyMs: number) => void,
): void {
  let count = 0;
  for (let from = 0; from < length && count < DISKS_MAX;) {
    const newline = bytes.indexOf(NEWLINE, from);
    const to = newline === -1 || newline >= length ? length : newline + 1;
    if (takeLine(bytes, from, to, take)) count += 1;
    from = to;
  }
}

/** Two numbers, the name, the counters, the milliseconds; a number that ends the text may be cut. */
function takeLine(
  bytes: Buffer,
  from: number,
  to: number,
  take: (name: string, busyMs: number) => void,
): boolean {
  const minor = afterNumber(bytes, afterSpaces(bytes, from, to), to);
  const nameAt =
    minor === undefined ? undefined : afterNumber(bytes, afterSpaces(bytes, minor, to), to);
  if (nameAt === undefined) return false;
  const nameEnd = bytes.indexOf(SPACE, nameAt);
  if (nameEnd === -1 || nameEnd >= to) return false;
  let at: number | undefined = nameEnd + 1;
  for (let counter = 0; counter < COUNTERS && at !== undefined; counter += 1) {
    at = afterNumber(bytes, at, to);
  }
  if (at === undefined) return false;
  const end = endOfDigits(bytes, at, to);
  if (end === at || end >= to || (bytes[end] !== SPACE && bytes[end] !== NEWLINE)) return false;
  const name = bytes.toString('latin1', nameAt, nameEnd);
  if (!isDisk(name)) return false;
  take(name, numberIn(bytes, at, end));
  return true;
}

/** Where what follows a number and its space begins; undefined where there is no such number. */
function afterNumber(bytes: Buffer, from: number, to: number): number | undefined {
  const end = endOfDigits(bytes, from, to);
  return end === from || bytes[end] !== SPACE || end >= to ? undefined : end + 1;
}

/** Whether any disk spins, from the text of each one's `queue/rotational`. */
export function anyRotating(flags: readonly (string | undefined)[]): Value {
  const trimmed = flags.map((flag) => flag?.trim());
  if (trimmed.includes('1')) return flagValue(true);
  if (trimmed.length === 0) return unknownValue(NO_DISK);
  if (trimmed.every((flag) => flag === '0')) return flagValue(false);
  return unknownValue('a disk does not say whether it rotates');
}
