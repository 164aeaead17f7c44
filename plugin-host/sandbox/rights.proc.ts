// What has to be there before sandboxes can be made: root's powers, and control groups that the runtime
// takes.

import { accessSync, constants, readFileSync } from 'node:fs';
import {
  cgroupLayout,
  hierarchies,
  kindOf,
  outOfReach,
  parseMountinfo,
  type CgroupLayout,
  type MountPoint,
} from './hierarchy.js';
import { whatIsMissing } from './privileges.js';
import { findRuntime, requireCgroups } from './program.spawn.js';
import { SandboxError } from './sandbox-error.js';

/**
 * Asked before anything is started or written. A runtime need not be there: without one Lull watches and
 * explains, and runs nothing.
 * @throws SandboxError NOT_PERMITTED.
 */
export function requireConfinement(ociRuntime: string): void {
  requireRights();
  const mounts = readMounts();
  const layout = cgroupLayout(mounts);
  requireWritableGroups(layout, mounts);
  try {
    requireCgroups(findRuntime(ociRuntime), kindOf(layout));
  } catch (error) {
    if (!isRuntimeMissing(error)) throw error;
  }
}

export function isRuntimeMissing(error: unknown): error is SandboxError {
  return error instanceof SandboxError && error.code === 'RUNTIME_MISSING';
}

export function readLayout(): CgroupLayout {
  return cgroupLayout(readMounts());
}

function readMounts(): MountPoint[] {
  return parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** Namespaces, mounts and control groups need root: decision 61. */
export function requireRights(): void {
  const missing = whatIsMissing(process.getuid?.(), readFileSync('/proc/self/status', 'utf8'));
  if (missing !== undefined) throw new SandboxError('NOT_PERMITTED', missing);
}

/** A container is shown control groups that it may not change, unless it is started otherwise. */
function requireWritableGroups(layout: CgroupLayout, mounts: readonly MountPoint[]): void {
  const locked = outOfReach(mounts) ?? hierarchies(layout).find((dir) => !isWritable(dir));
  if (locked === undefined) return;
  throw new SandboxError(
    'NOT_PERMITTED',
    `the control groups in ${locked} cannot be changed, and nothing could be paused: in a container, mount /sys/fs/cgroup with the right to write, and use the machine's cgroup namespace (--cgroupns host).`,
  );
}

function isWritable(dir: string): boolean {
  try {
    accessSync(dir, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
