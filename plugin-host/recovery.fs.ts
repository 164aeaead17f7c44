// What a plugin-host does before it looks for anybody: it ends what a dead instance left running, and puts
// right what that one was in the middle of installing. A machine whose orchestrator, or whose fleet, is out
// of reach has whole programs meanwhile.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../runtime/clock.js';
import type { Log } from '../runtime/log.js';
import { CloseStack, type Closeable } from '../runtime/shutdown.js';
import { createInstaller, type Installer } from './install/install.fs.js';
import type { Priority } from './sandbox/parent.cgroup.js';
import { createSandboxesIfAny } from './sandbox/no-runtime.runc.js';
import type { SandboxRuntime } from './sandbox/sandbox.runc.js';
import { openTrees, type Trees } from './trees/trees.loop.js';

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
  readonly trees: Trees;
}

export async function recoverGround(settings: GroundSettings, log: Log): Promise<Ground> {
  const { stateDir } = settings;
  mkdirSync(stateDir, { recursive: true, mode: 0o711 });
  const opened = new CloseStack(log);
  const trees = opened.add('threads for trees', openTrees({ clock: systemClock }));
  try {
    const runtime = opened.add('sandboxes', await createSandboxesIfAny({ ...settings, log }));
    const orphans = await runtime.killOrphans();
    if (orphans.length > 0) log.warn({ orphans }, 'ended what a dead instance had left running');
    const rootsFile = join(stateDir, 'install-roots.json');
    const installer = createInstaller({ log, trees, rootsFile });
    await installer.recoverAll();
    return { runtime, installer, trees, close: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
