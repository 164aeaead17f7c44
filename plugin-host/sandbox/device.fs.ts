// What lies behind a path: mount points, block devices, and the files behind loop devices.

import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseMountinfo, type MountPoint } from './hierarchy.js';

/** As this process sees them, each after what it covers. */
export function readMounts(): MountPoint[] {
  return parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'));
}

export function mountPoints(): string[] {
  return readMounts().map(({ path }) => path);
}

/** "major:minor" of the file system at `path`. */
export function deviceOf(path: string): string {
  const { dev } = statSync(path);
  const major = Math.floor(dev / 256) & 0xfff;
  const minor = (dev & 0xff) | (Math.floor(dev / 0x100000) << 8);
  return `${String(major)}:${String(minor)}`;
}

/** "major:minor" of the whole disk that holds `path`; undefined for what has none, such as tmpfs. */
export function diskOf(path: string): string | undefined {
  const device = deviceOf(path);
  const block = blockOf(device);
  if (!existsSync(block)) return undefined;
  if (!existsSync(join(block, 'partition'))) return device;
  const whole = join('/sys/dev/block', readlinkSync(block), '..', 'dev');
  return readFileSync(whole, 'utf8').trim();
}

/** As below /dev: "loop3". */
export function nameOfDevice(device: string): string {
  const uevent = readFileSync(join(blockOf(device), 'uevent'), 'utf8');
  return /^DEVNAME=(.+)$/m.exec(uevent)?.[1] ?? '';
}

/** The file behind a loop device; undefined for any other. */
export function fileBehind(device: string): string | undefined {
  return backingFile(blockOf(device));
}

/** Whether some loop device has this file. */
export function isAttached(file: string): boolean {
  return readdirSync('/sys/block').some((name) => backingFile(join('/sys/block', name)) === file);
}

function backingFile(block: string): string | undefined {
  try {
    return readFileSync(join(block, 'loop/backing_file'), 'utf8').trim();
  } catch (error) {
    // Not a loop device, or detached between the list and the look.
    if (['ENOENT', 'ENXIO'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function blockOf(device: string): string {
  return `/sys/dev/block/${device}`;
}
