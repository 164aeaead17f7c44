// The control group that holds every sandbox of one Lull, in every hierarchy, and its weight.
//
// A sandbox's own weight counts only against its siblings here; what decides between updaters and
// the person's programs is the weight of this parent, and the share of the processors that all of them
// together may use. Both are set before the first sandbox starts.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Disks } from './brake.cgroup.js';
import { readMounts } from './device.fs.js';
import { ControlGroup } from './group.cgroup.js';
import { distinctName, hierarchies, type CgroupLayout } from './hierarchy.js';
import { processorKnobs, type GroupFeatures } from './limits.js';
import { removeGroup } from './processes.cgroup.js';
import { SandboxError } from './sandbox-error.js';

export interface ParentGroup {
  /** From the root of every hierarchy: "/lull-1a2b3c4d", or a path that ends so. */
  readonly path: string;
  /** Where the reaper finds the processes: v2 where it can be used, else the v1 freezer. */
  readonly reapDir: string;
  openChild(name: string, disks?: Disks): ControlGroup;
  /** What the kernel can limit in the groups below, beyond what every one has. */
  features(): GroupFeatures;
  /** Names of the groups below, of every hierarchy. */
  children(): string[];
  /** Removes the empty parents. Nothing below may be left. */
  remove(): void;
}

/** The lowest share of processor and disk; a file that the kernel lacks is left out. */
const weights: readonly (readonly [file: string, value: string])[] = [
  // A twentieth of what one busy program of the person's gets. Every run of ours counts against each
  // single one of theirs: with the lowest weight there is (1, or cpu.idle), ten busy programs keep
  // an updater from serving within its 10 s. Who comes back is helped by the freezer, not by this.
  ['cpu.shares', '51'],
  ['cpu.weight', '5'],
  ['blkio.weight', '10'],
  ['blkio.bfq.weight', '1'],
  ['io.weight', 'default 1'],
  ['io.bfq.weight', '1'],
];

/** How updaters compete with everything else: as little as the kernel can, or like any program. */
export const priorities = ['lowest', 'normal'] as const;
export type Priority = (typeof priorities)[number];

export function openParentGroup(
  layout: CgroupLayout,
  stateDir: string,
  priority: Priority,
): ParentGroup {
  const { delegated = '' } = layout;
  const path = `${delegated}${parentPath(stateDir)}`;
  const dirs = hierarchies(layout).map((hierarchy) => join(hierarchy, path));
  const processes = layout.unified ?? layout.v1.get('freezer');
  if (processes === undefined) {
    throw new SandboxError(
      'NOT_PERMITTED',
      'no control groups: neither v2 nor the v1 freezer is mounted below /sys/fs/cgroup.',
    );
  }

  const knobs = [...weights, ...processorKnobs(availableParallelism())];
  const make = (): void => {
    if (layout.unified !== undefined) enableControllers(join(layout.unified, delegated));
    for (const dir of dirs) mkdirSync(dir, { recursive: true });
    // For the groups below: theirs are opened before the runtime comes to enable anything.
    if (layout.unified !== undefined) enableControllers(join(layout.unified, path));
    for (const dir of dirs) {
      if (priority === 'normal') continue;
      for (const [file, value] of knobs) writeIfPossible(join(dir, file), value);
    }
  };
  return {
    path,
    reapDir: join(processes, path),
    openChild: (name, disks) => {
      make();
      return new ControlGroup(layout, `${path}/${name}`, disks);
    },
    features: () => {
      make();
      const has = (file: string): boolean => dirs.some((dir) => existsSync(join(dir, file)));
      return {
        memory: has('memory.max') || has('memory.limit_in_bytes'),
        processes: has('pids.max'),
        processorWeight: has('cpu.weight') || has('cpu.shares'),
        swap: has('memory.memsw.limit_in_bytes') || has('memory.swap.max'),
        unifiedMemory: has('memory.high'),
        diskWeight: ['io.weight', 'io.bfq.weight', 'blkio.weight', 'blkio.bfq.weight'].some(has),
        diskRates: has('io.max') || has('blkio.throttle.read_bps_device'),
      };
    },
    children: () => [...new Set(dirs.flatMap(subdirectories))],
    remove: () => {
      for (const dir of dirs) removeGroup(dir);
    },
  };
}

/** Several Lulls on one machine (containers, and tests above all) must not meet: each ends what it finds. */
export function parentPath(stateDir: string): string {
  const name = distinctName(stateDir, readMounts());
  return `/lull-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}

/** Without them a v2 group has no weights. On a hybrid machine v1 has them, and this does nothing. */
function enableControllers(group: string): void {
  for (const controller of ['cpu', 'io', 'memory', 'pids']) {
    writeIfPossible(join(group, 'cgroup.subtree_control'), `+${controller}`);
  }
}

function writeIfPossible(path: string, value: string): void {
  if (!existsSync(path)) return;
  try {
    writeFileSync(path, value);
  } catch {
    // Priority is best effort: a kernel without this knob still confines.
  }
}

function subdirectories(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}
