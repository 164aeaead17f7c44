// Which disks an updater works on, and what it may take of them.

import type { Disks } from './brake.cgroup.js';
import { diskOf } from './device.fs.js';
import { noDiskRates } from './limits.js';
import type { SandboxSpec } from './sandbox.js';

/** It reads from its own disk, and from the one that holds bundles, downloads and roots. */
export function disksOf({ workDir, bundleDir, limits }: SandboxSpec, hasQuota: boolean): Disks {
  const work = diskOf(workDir);
  const disks = [work, diskOf(bundleDir)].filter((disk) => disk !== undefined);
  return {
    read: [...new Set(disks)],
    own: hasQuota ? work : undefined,
    rates: limits.diskRates ?? noDiskRates,
  };
}
