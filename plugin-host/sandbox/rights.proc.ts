// What has to be there before sandboxes can be made: root's powers, be it over a user namespace of our own,
// and control groups that the runtime takes.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMounts } from './device.fs.js';
import {
  cgroupLayout,
  hierarchies,
  kindOf,
  outOfReach,
  type CgroupLayout,
  type MountPoint,
} from './hierarchy.js';
import { whatIsMissing } from './privileges.js';
import { findRuntime, requireCgroups } from './program.spawn.js';
import { SandboxError } from './sandbox-error.js';
import { isWritable } from './writable.fs.js';

/**
 * Asked before anything is started or written. A runtime need not be there: without one Lull watches and
 * explains, and runs nothing.
 * @param delegated the control group in which ours go, where they don't go at the root.
 * @throws SandboxError NOT_PERMITTED.
 */
export function requireConfinement(ociRuntime: string, delegated?: string): void {
  requireRights();
  const mounts = readMounts();
  const layout = readLayout(delegated);
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

/** What is delegated is of version 2, and nothing beside it is ours. */
export function readLayout(delegated?: string): CgroupLayout {
  const layout = cgroupLayout(readMounts());
  return delegated === undefined ? layout : { unified: layout.unified, v1: new Map(), delegated };
}

/** Namespaces and mounts need root, of the machine or of a user namespace: decision 124. */
export function requireRights(): void {
  const missing = whatIsMissing(process.getuid?.(), readFileSync('/proc/self/status', 'utf8'));
  if (missing !== undefined) throw new SandboxError('NOT_PERMITTED', missing);
}

/** A container is shown control groups that it may not change, unless it is started otherwise. */
function requireWritableGroups(layout: CgroupLayout, mounts: readonly MountPoint[]): void {
  const ours = hierarchies(layout).map((dir) => join(dir, layout.delegated ?? ''));
  const locked = outOfReach(mounts) ?? ours.find((dir) => !isWritable(dir));
  if (locked === undefined) return;
  throw new SandboxError(
    'NOT_PERMITTED',
    `the control groups in ${locked} cannot be changed, and nothing could be paused: in a container, mount /sys/fs/cgroup with the right to write, and use the machine's cgroup namespace (--cgroupns host).`,
  );
}
