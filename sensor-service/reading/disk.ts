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
/** Of so many lines the device is remembered from look to look. */
const LINES_KEPT_MAX = 512;

interface Device {
  readonly name: string;
  readonly isDisk: boolean;
}

export type EachDisk = (
  bytes: Buffer,
  length: number,
  take: (name: string, busyMs: number) => void,
) => void;

/**
 * @returns what reads /proc/diskstats: the milliseconds in which each device had work.
 * Partitions stay in: a partition is never busier than its disk, so the maximum is a whole disk's.
 * Most lines are of loop devices and memory, and each is where it was at the look before: they are known
 * by their bytes and passed over, nothing is made of them.
 */
export function createEachDisk(): EachDisk {
  const devices: Device[] = [];

  function deviceAt(line: number, bytes: Buffer, from: number, to: number): Device {
    const known = devices[line];
    if (known !== undefined && isAt(known.name, bytes, from, to)) return known;
    const name = bytes.toString('latin1', from, to);
    const device = { name, isDisk: isDisk(name) };
    if (line < LINES_KEPT_MAX) devices[line] = device;
    return device;
  }

  return (bytes, length, take) => {
    let count = 0;
    let line = 0;
    for (let from = 0; from < length && count < DISKS_MAX; line += 1) {
      const newline = bytes.indexOf(NEWLINE, from);
      const to = newline === -1 || newline >= length ? length : newline + 1;
      const nameAt = afterNumbers(bytes, from, to, 2);
      const nameEnd = nameAt === undefined ? -1 : bytes.indexOf(SPACE, nameAt);
      if (nameAt !== undefined && nameEnd !== -1 && nameEnd < to) {
        const { name, isDisk: wanted } = deviceAt(line, bytes, nameAt, nameEnd);
        const busyMs = wanted ? busyMsAt(bytes, nameEnd + 1, to) : undefined;
        if (busyMs !== undefined) {
          take(name, busyMs);
          count += 1;
        }
      }
      from = to;
    }
  };
}

function isAt(name: string, bytes: Buffer, from: number, to: number): boolean {
  if (to - from !== name.length) return false;
  for (let at = 0; at < name.length; at += 1) {
    if (bytes[from + at] !== name.charCodeAt(at)) return false;
  }
  return true;
}

/** The milliseconds in which one disk had work, from its own file: the same numbers, without a name. */
export function busyMsOf(bytes: Buffer, length: number): number | undefined {
  return busyMsAt(bytes, 0, length);
}

/** The number after the counters; one that ends the text may be cut, and is none. */
function busyMsAt(bytes: Buffer, from: number, to: number): number | undefined {
  const at = afterNumbers(bytes, from, to, COUNTERS);
  if (at === undefined) return undefined;
  const end = endOfDigits(bytes, at, to);
  if (end === at || end >= to) return undefined;
  if (bytes[end] !== SPACE && bytes[end] !== NEWLINE) return undefined;
  return numberIn(bytes, at, end);
}

/** Where what follows `count` numbers begins; undefined where there are not as many. */
function afterNumbers(bytes: Buffer, from: number, to: number, count: number): number | undefined {
  let at = afterSpaces(bytes, from, to);
  for (let passed = 0; passed < count; passed += 1) {
    const end = endOfDigits(bytes, at, to);
    if (end === at || end >= to || bytes[end] !== SPACE) return undefined;
    at = afterSpaces(bytes, end + 1, to);
  }
  return at;
}

/** Whether any disk spins, from the text of each one's `queue/rotational`. */
export function anyRotating(flags: readonly (string | undefined)[]): Value {
  const trimmed = flags.map((flag) => flag?.trim());
  if (trimmed.includes('1')) return flagValue(true);
  if (trimmed.length === 0) return unknownValue(NO_DISK);
  if (trimmed.every((flag) => flag === '0')) return flagValue(false);
  return unknownValue('a disk does not say whether it rotates');
}
