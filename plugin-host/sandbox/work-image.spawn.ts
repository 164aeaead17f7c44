// The file that holds a work directory's file system: made, looked at before each mount, and set aside
// where it is beyond repair. Two invariants of work-disk.spawn.ts are kept here: W1 and W5.

import { open, readdir, rename, rm, truncate } from 'node:fs/promises';
import { ToolError, type Tools } from './tool.spawn.js';

const GIB = 1024 ** 3;
/** Of the sparse file; about 5 MB of it are taken. What may be kept is set when it is mounted. */
const FILE_BYTES_MIN = 64 * GIB;
/** Its own tables take much less of it than the rest. */
const ROOM_SHARE = 15 / 16;
/** Names: enough for two large trees of npm; their table would take 64 MB of the machine's disk. */
const NAMES_MAX = 262_144;
export const COMMAND_MS_MAX = 60_000;

/** What the superblock of an ext4 file system says that it is. */
const MAGIC = 0xef53;

/** What `e2fsck` ends with is a sum; from 8 on it says that it could not do its work. */
const LEFT_DAMAGED = 4;
const COULD_NOT_LOOK = 8;

/** W1. */
export function imageOf(workDir: string): string {
  return `${workDir}.img`;
}

/** Makes an empty one. */
export async function makeImage(
  image: string,
  owner: { readonly uid: number; readonly bytesMax: number },
  tools: Tools,
): Promise<void> {
  await rm(image, { force: true });
  const file = await open(image, 'wx', 0o600);
  try {
    await file.truncate(fileBytesFor(owner.bytesMax));
  } finally {
    await file.close();
  }
  const user = `${String(owner.uid)}:${String(owner.uid)}`;
  // Lazily, because the tables of a file with holes are zero already.
  const lazily = `lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=${user}`;
  const sizes = ['-m', '0', '-N', String(NAMES_MAX), '-J', 'size=16'];
  await tools.heavy('mkfs.ext4', ['-q', '-F', ...sizes, '-E', lazily, image], COMMAND_MS_MAX);
}

/**
 * Puts right what a power cut left.
 * @returns false where it cannot be put right (W5).
 * @throws where that could not be found out: nothing is known of it then.
 */
export async function repair(image: string, tools: Tools): Promise<boolean> {
  // `e2fsck` does not tell this from a disk that it could not read.
  return (await bytesIn(image)) !== undefined && check(image, [], tools);
}

/** Lets the file system grow into as much as this takes, where it is smaller. */
export async function grow(image: string, bytesMax: number, tools: Tools): Promise<void> {
  if (((await bytesIn(image)) ?? 0) * ROOM_SHARE >= bytesMax) return;
  await truncate(image, fileBytesFor(bytesMax));
  // What was not looked at as a whole is not resized.
  if (!(await check(image, ['-f'], tools))) throw new Error(`${image} is damaged`);
  await tools.heavy('resize2fs', [image], COMMAND_MS_MAX);
}

async function check(image: string, how: readonly string[], tools: Tools): Promise<boolean> {
  try {
    await tools.heavy('e2fsck', ['-p', ...how, image], COMMAND_MS_MAX);
    return true;
  } catch (error) {
    const exitCode = error instanceof ToolError ? error.exitCode : undefined;
    if (exitCode === undefined || exitCode >= COULD_NOT_LOOK) throw error;
    return (exitCode & LEFT_DAMAGED) === 0;
  }
}

/** @returns where it is from now on. One is kept, the last. */
export async function setAside(image: string): Promise<string> {
  const aside = `${image}.damaged`;
  await rename(image, aside);
  return aside;
}

export async function isEmpty(dir: string): Promise<boolean> {
  return (await readdir(dir)).length === 0;
}

function fileBytesFor(bytesMax: number): number {
  return Math.max(FILE_BYTES_MIN, Math.ceil(bytesMax / ROOM_SHARE / GIB) * GIB);
}

/** As large as the file system says that it is; undefined where there is none. */
async function bytesIn(image: string): Promise<number | undefined> {
  const file = await open(image, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(1_024), 0, 1_024, 1_024);
    if (bytesRead < 1_024 || buffer.readUInt16LE(0x38) !== MAGIC) return undefined;
    const blocks = buffer.readUInt32LE(0x04) + buffer.readUInt32LE(0x150) * 2 ** 32;
    return blocks * 2 ** (10 + buffer.readUInt32LE(0x18));
  } finally {
    await file.close();
  }
}
