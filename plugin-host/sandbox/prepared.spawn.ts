// Launches that were prepared: their directories, and the mount for the socket in one of them.
//
//   prepare: directories ─▶ being mounted ─▶ furnished ─▶ launched ─▶ discard: unmounted, removed
//                                └─ discard, or close: waited for, then the same ──┘
//
// Invariants:
//   P1. What is being mounted is waited for before it is used, and before it is removed: `mount` is a
//       program, and takes as long as much of what the caller can do meanwhile.
//   P2. Each is discarded once, whoever asks for it at the same time.

import { existsSync } from 'node:fs';
import type { Log } from '../../runtime/log.js';
import { channelBinder } from './channel-disk.spawn.js';
import {
  launchPlace,
  listLaunches,
  makeLaunchDirs,
  makeRootfs,
  removeLaunchDirs,
  removeLaunchesDir,
} from './dirs.fs.js';
import { planRootfs, type HostFacts, type Mount } from './rootfs.js';
import type { LaunchDirs, SandboxSpec } from './sandbox.js';

export class PreparedLaunches {
  private readonly mounting = new Map<string, Promise<void>>();
  private readonly discarding = new Map<string, Promise<void>>();
  private readonly bindChannel: ReturnType<typeof channelBinder>;

  constructor(private readonly deps: { readonly runDir: string; readonly log: Log }) {
    this.bindChannel = channelBinder(deps.log);
  }

  prepare(id: string, uid: number): LaunchDirs {
    const dirs = makeLaunchDirs(this.deps.runDir, id, uid);
    const mounting = this.bindChannel(dirs.channelDir, uid);
    mounting.catch(() => undefined); // The launch waits for it, and fails with it.
    this.mounting.set(id, mounting);
    return dirs;
  }

  /** Builds what the sandbox will see as its root. @returns what is to be mounted in it. */
  async furnish(spec: SandboxSpec, facts: HostFacts): Promise<readonly Mount[]> {
    const roots = spec.roots.map(({ path }) => path).filter((path) => existsSync(path));
    const rootfs = planRootfs(spec, facts, new Set(roots));
    makeRootfs(launchPlace(this.deps.runDir, spec.id).bundleDir, rootfs);
    await this.mounting.get(spec.id); // P1
    return rootfs.mounts;
  }

  discard(id: string): Promise<void> {
    const before = this.discarding.get(id);
    if (before !== undefined) return before; // P2
    const discarding = this.discardNow(id).finally(() => this.discarding.delete(id));
    this.discarding.set(id, discarding);
    return discarding;
  }

  /** Also of an instance that was killed. @returns the ids. */
  async discardAll(): Promise<string[]> {
    const left = listLaunches(this.deps.runDir);
    for (const id of left) await this.discard(id);
    return left;
  }

  async close(): Promise<void> {
    await this.discardAll();
    await removeLaunchesDir(this.deps.runDir);
  }

  private async discardNow(id: string): Promise<void> {
    await this.mounting.get(id)?.catch(() => undefined); // P1
    this.mounting.delete(id);
    await removeLaunchDirs(this.deps.runDir, id);
  }
}
