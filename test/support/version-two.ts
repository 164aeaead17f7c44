import { readFileSync } from 'node:fs';
import { parseMountinfo } from '../../plugin-host/sandbox/hierarchy.js';

/** Where version 2 of control groups is mounted; undefined where it is not. */
export function versionTwo(): string | undefined {
  const mounts = parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'));
  return mounts.find(({ fileSystem }) => fileSystem === 'cgroup2')?.path;
}
