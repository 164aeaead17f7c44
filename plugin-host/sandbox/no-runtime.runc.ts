// What stands in for sandboxes on a machine without an OCI runtime: nothing is launched, and whoever asks
// is told why. The rest of Lull works: it watches, plans and explains.

import type { CgroupKind } from '../../conditions/confinement.js';
import { kindOf } from './hierarchy.js';
import { isRuntimeMissing, readLayout } from './rights.proc.js';
import type { SandboxError } from './sandbox-error.js';
import {
  createSandboxRuntime,
  type SandboxRuntime,
  type SandboxRuntimeOptions,
} from './sandbox.runc.js';

/** @throws SandboxError NOT_PERMITTED. */
export async function createSandboxesIfAny(
  options: SandboxRuntimeOptions,
): Promise<SandboxRuntime> {
  try {
    return await createSandboxRuntime(options);
  } catch (error) {
    if (!isRuntimeMissing(error)) throw error;
    options.log.error(`no updater runs here: ${error.message} Then start Lull again.`);
    return noSandboxes(error, kindOf(readLayout(options.delegatedGroup)));
  }
}

function noSandboxes(why: SandboxError, cgroups: CgroupKind): SandboxRuntime {
  return {
    describe: () => Promise.resolve({ runtime: '', cgroups, limits: [] }),
    prepare: () => Promise.reject(why),
    discard: () => Promise.resolve(),
    launch: () => Promise.reject(why),
    release: () => Promise.resolve(),
    weaken: () => undefined,
    giveUp: () => undefined,
    killOrphans: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
}
