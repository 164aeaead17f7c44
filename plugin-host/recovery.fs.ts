// What a plugin-host does before it looks for anybody: it ends what a dead instance left running, and puts
// right what that one was in the middle of installing. A machine whose orchestrator, or whose fleet, is out
// of reach has whole programs meanwhile.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../runtime/log.js';
import type { Closeable } from '../runtime/shutdown.js';
import { createInstaller, type Installer } from './install/install.fs.js';
import type { Priority } from './sandbox/parent.cgroup.js';
import { createSandboxesIfAny } from './sandbox/no-runtime.runc.js';
import type { SandboxRuntime } from './sandbox/sandbox.runc.js';

export interface GroundSettings {
  readonly stateDir: string;
  readonly runDir: string;
  /** Name or path of the OCI runtime. */
  readonly ociRuntime: string;
  readonly priority: Priority;
  /** The control group in which ours go; absent: at the root of each hierarchy. */
  readonly delegatedGroup: string | undefined;
}

/** What runs can be built on. Closing it removes what sandboxes are made of. */
export interface Ground extends Closeable {
  readonly runtime: SandboxRuntime;
  readonly installer: Installer;
}

export async function recoverGround(settings: GroundSettings, log: Log): Promise<Ground> {
  const { stateDir } = settings;
  mkdirSync(stateDir, { recursive: true, mode: 0o711 });
  const runtime = await createSandboxesIfAny({ ...settings, log });
  try {
    const orphans = await runtime.killOrphans();
    if (orphans.length > 0) log.warn({ orphans }, 'ended what a dead instance had left running');
    const installer = createInstaller({ log, rootsFile: join(stateDir, 'install-roots.json') });
    await installer.recoverAll();
    return { runtime, installer, close: () => runtime.close() };
  } catch (error) {
    await runtime.close();
    throw error;
  }
}
