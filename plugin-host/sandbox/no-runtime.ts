// What stands in for sandboxes on a machine without an OCI runtime: nothing is launched, and whoever asks
// is told why. The rest of Lull works: it watches, plans and explains.

import type { CgroupKind } from '../../conditions/confinement.js';
import type { SandboxRuntime } from './sandbox.runc.js';
import type { SandboxError } from './sandbox-error.js';

export function noSandboxes(why: SandboxError, cgroups: CgroupKind): SandboxRuntime {
  return {
    describe: () => Promise.resolve({ runtime: '', cgroups }),
    prepare: () => {
      throw why;
    },
    discard: () => Promise.resolve(),
    launch: () => Promise.reject(why),
    release: () => Promise.resolve(),
    weaken: () => false,
    killOrphans: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
}
