// What has to be there before sandboxes can be made: root's powers, and control groups that the runtime
// takes.

import { readFileSync } from 'node:fs';
import { cgroupLayout, kindOf, parseMountinfo, type CgroupLayout } from './hierarchy.js';
import { findRuntime, requireCgroups } from './program.spawn.js';
import { SandboxError } from './sandbox-error.js';

const CAP_SYS_ADMIN = 21n;

/**
 * Asked before anything is started or written. A runtime need not be there: without one Lull watches and
 * explains, and runs nothing.
 * @throws SandboxError NOT_PERMITTED.
 */
export function requireConfinement(ociRuntime: string): void {
  requireRights();
  try {
    requireCgroups(findRuntime(ociRuntime), kindOf(readLayout()));
  } catch (error) {
    if (!isRuntimeMissing(error)) throw error;
  }
}

export function isRuntimeMissing(error: unknown): error is SandboxError {
  return error instanceof SandboxError && error.code === 'RUNTIME_MISSING';
}

export function readLayout(): CgroupLayout {
  return cgroupLayout(parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8')));
}

/** Namespaces, mounts and control groups need root: decision 61. */
export function requireRights(): void {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  const canAdminister = ((BigInt(`0x${effective ?? '0'}`) >> CAP_SYS_ADMIN) & 1n) === 1n;
  if (process.getuid?.() === 0 && canAdminister) return;
  throw new SandboxError(
    'NOT_PERMITTED',
    'confining updaters needs root (with CAP_SYS_ADMIN): run Lull with sudo. There is no confinement without root.',
  );
}
