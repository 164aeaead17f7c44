// The install roots that a sandbox shows, in a directory that is mounted for its launch, so that the
// version which has become current can be shown to a launch that is there already.
//
//   tmpfs, shared ─▶ a read-only bind of each root ─▶ the sandbox has it all as a slave: what is
//                                                      mounted there later comes up inside
//
// Invariants:
//   V1. What is shown is read-only before it comes into sight: options that are set afterwards would
//       stay on our side. So it is mounted aside first, and that is what is mounted in its place.
//   V2. What was shown before is unmounted first: mounted over, it would be a mount point itself, which
//       nobody can remove any more. Whoever is shown nothing in between stands.

import { realpathSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../runtime/log.js';
import { mountPoints, readMounts } from './device.fs.js';
import { keepLocked } from './locked-options.js';
import { bind } from './rootfs.js';
import { inside } from './sandbox.js';
import { systemTools, type Tools } from './tool.spawn.js';

const COMMAND_MS_MAX = 10_000;
/** Directories take no bytes, and a manifest names few. */
const how = 'nosuid,nodev,noexec,size=4k,nr_inodes=64,mode=755';

/** Where the roots of a launch are mounted, and where each is mounted first. */
export interface Showcase {
  readonly dir: string;
  readonly aside: string;
}

interface NamedRoot {
  readonly name: string;
  readonly path: string;
}

/**
 * Makes the directory that the sandbox will have as its roots.
 * @param names also of those that are shown in another way.
 * @returns false where the machine does not let us, told once by `log`.
 */
export async function openShowcase(
  { dir, aside }: Showcase,
  names: readonly string[],
  roots: readonly NamedRoot[],
  log: Log,
  tools: Tools = systemTools(),
): Promise<boolean> {
  await mkdir(dir, { mode: 0o755 });
  await mkdir(aside, { mode: 0o700 });
  try {
    await mount(tools, ['--make-shared', '-t', 'tmpfs', '-o', how, 'lull-roots', dir]);
  } catch (error) {
    log.debug({ err: error, dir }, 'a launch cannot be shown another version of its roots');
    return false;
  }
  for (const name of names) await mkdir(join(dir, name), { mode: 0o755 });
  for (const { name, path } of roots) await mount(tools, readOnly(path, join(dir, name)));
  return true;
}

/** Shows a root as it is now, inside too. @throws ToolError, or DeadlineError */
export async function showRoot(
  { dir, aside }: Showcase,
  { name, path }: NamedRoot,
  tools: Tools = systemTools(),
): Promise<void> {
  await mount(tools, readOnly(path, aside));
  try {
    await unmount(join(dir, name), tools); // V2
    await mount(tools, ['--bind', aside, join(dir, name)]); // V1
  } finally {
    await unmount(aside, tools);
  }
}

/** Whether a process in the sandbox has it there by now: how a kernel passes mounts on is not ours to say. */
export function isSeenBy(pid: number, { name, path }: NamedRoot): boolean {
  const inThere = `/proc/${String(pid)}/root${inside.roots}/${name}`;
  const [seen, meant] = [inThere, path].map((at) => statSync(at, { throwIfNoEntry: false }));
  return meant !== undefined && seen?.dev === meant.dev && seen.ino === meant.ino;
}

/** Unmounts what is mounted there, also by an instance that was killed. */
export async function closeShowcase({ dir, aside }: Showcase): Promise<void> {
  for (const path of [aside, dir]) {
    if (mountPoints().includes(path)) await unmount(path, systemTools());
  }
}

function readOnly(path: string, destination: string): string[] {
  const [kept] = keepLocked([bind(path, destination, 'ro')], readMounts(), realpathSync);
  return ['-o', (kept?.options ?? ['bind', 'ro']).join(','), path, destination];
}

async function mount(tools: Tools, args: readonly string[]): Promise<void> {
  await tools.light('mount', args, COMMAND_MS_MAX);
}

/** With all that is mounted in it, and lazily: whoever is in there must not keep it. */
async function unmount(path: string, tools: Tools): Promise<void> {
  await tools.light('umount', ['--lazy', path], COMMAND_MS_MAX);
}
