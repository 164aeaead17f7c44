// Launches that were prepared: their directories, and the mount for the socket in one of them.
//
//   prepare: directories ─▶ being mounted ─▶ furnished ─▶ launched ─▶ discard: unmounted, removed
//                                └─ discard, or close: waited for, then the same ──┘
//
// Invariants:
//   P1. What is being mounted is waited for before it is used, and before it is removed: `mount` is a
//       program, and takes as long as much of what the caller can do meanwhile.
//   P2. Each is discarded once, whoever asks for it at the same time.

import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../runtime/log.js';
import { channelBinder } from './channel-disk.spawn.js';
import { ociConfig } from './config.js';
import { readMounts } from './device.fs.js';
import {
  launchPlace,
  listLaunches,
  makeLaunchDirs,
  makeRootfs,
  removeLaunchDirs,
  removeLaunchesDir,
} from './dirs.fs.js';
import { likenessOf } from './likeness.js';
import { keepLocked } from './locked-options.js';
import { takesMountsAlong, type RuntimeProgram } from './program.spawn.js';
import { isInstallRoot, planRootfs, type HostFacts } from './rootfs.js';
import type { LaunchDirs, SandboxSpec } from './sandbox.js';
import { openShowcase, showRoot } from './shown-roots.spawn.js';

/** What a launch shows of the install roots. */
interface Shown {
  /** Whether it can show another version. */
  readonly changes: boolean;
  /** Of each root, by its name, where the version lies. */
  readonly paths: Map<string, string>;
}

export class PreparedLaunches {
  private readonly mounting = new Map<string, Promise<void>>();
  private readonly discarding = new Map<string, Promise<void>>();
  private readonly shown = new Map<string, Shown>();
  private readonly bindChannel: ReturnType<typeof channelBinder>;

  constructor(
    private readonly deps: {
      readonly runDir: string;
      readonly program: RuntimeProgram;
      readonly log: Log;
    },
  ) {
    this.bindChannel = channelBinder(deps.log);
  }

  prepare(id: string, uid: number): Promise<LaunchDirs> {
    const making = makeLaunchDirs(this.deps.runDir, id, uid);
    const mounting = making.then(({ channelDir }) => this.bindChannel(channelDir, uid));
    mounting.catch(() => undefined); // The launch waits for it, and fails with it.
    this.mounting.set(id, mounting);
    return making;
  }

  /**
   * Builds what the sandbox will see as its root, and writes what the runtime is told.
   * @returns the digest of that, as far as it is not of this launch alone.
   */
  async furnish(spec: SandboxSpec, facts: HostFacts, cgroupPath: string): Promise<string> {
    const roots = spec.roots.filter(({ path }) => existsSync(path));
    const { bundleDir, showcase } = launchPlace(this.deps.runDir, spec.id);
    const isShown = await this.showcase(spec, roots.filter(isInstallRoot));
    const paths = new Set(roots.map(({ path }) => path));
    const rootfs = planRootfs(spec, facts, paths, isShown ? showcase.dir : undefined);
    await makeRootfs(spec.dirs.rootDir, rootfs);
    const mounts = keepLocked(rootfs.mounts, readMounts(), realpathSync);
    const config = ociConfig(spec, facts, mounts, cgroupPath);
    await writeFile(join(bundleDir, 'config.json'), JSON.stringify(config), { mode: 0o600 });
    await this.mounting.get(spec.id); // P1
    const likeness = JSON.stringify(likenessOf(config, spec.id));
    return createHash('sha256').update(likeness).digest('hex');
  }

  /** @returns whether what it shows can be changed. */
  private async showcase(spec: SandboxSpec, roots: SandboxSpec['roots']): Promise<boolean> {
    const names = spec.roots.map(({ name }) => name);
    const { showcase } = launchPlace(this.deps.runDir, spec.id);
    const changes =
      roots.length > 0 &&
      takesMountsAlong(this.deps.program) &&
      (await openShowcase(showcase, names, roots, this.deps.log));
    const paths = new Map(roots.map(({ name, path }) => [name, path]));
    this.shown.set(spec.id, { changes, paths });
    return changes;
  }

  /**
   * Shows the install roots of a launch as they are now.
   * @returns false where only another launch can, also because there is one that it did not have.
   */
  async show(id: string, roots: SandboxSpec['roots']): Promise<boolean> {
    const shown = this.shown.get(id);
    if (shown === undefined) return false;
    const { showcase } = launchPlace(this.deps.runDir, id);
    for (const { name, path } of roots.filter(isInstallRoot)) {
      if (shown.paths.get(name) === path) continue;
      if (!shown.changes || !shown.paths.has(name)) return false;
      await showRoot(showcase, { name, path });
      shown.paths.set(name, path);
    }
    return true;
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
    for (const id of new Set([...left, ...this.mounting.keys()])) await this.discard(id);
    return left;
  }

  async close(): Promise<void> {
    await this.discardAll();
    await removeLaunchesDir(this.deps.runDir);
  }

  private async discardNow(id: string): Promise<void> {
    await this.mounting.get(id)?.catch(() => undefined); // P1
    this.mounting.delete(id);
    this.shown.delete(id);
    await removeLaunchDirs(this.deps.runDir, id);
  }
}
