// Sandboxes on this host, made by an OCI runtime: `runc`, or another with the same command line.
//
// createSandboxRuntime finds the runtime and the kernel's control groups, and starts the reaper.
// prepare() makes the directories of a launch (the caller opens its sockets in them), launch() starts
// the updater, close() leaves nothing behind: no process, mount, control group or directory.

import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CgroupKind } from '../../conditions/confinement.js';
import type { Log } from '../../runtime/log.js';
import { disksOf } from './disks.fs.js';
import { launchPlace } from './dirs.fs.js';
import { readHostFacts } from './facts.fs.js';
import { kindOf, type CgroupLayout } from './hierarchy.js';
import { RuncSandbox } from './launch.runc.js';
import { limitsBeside } from './limits.js';
import { endOrphans } from './orphans.runc.js';
import { openParentGroup, type ParentGroup, type Priority } from './parent.cgroup.js';
import { PreparedLaunches } from './prepared.spawn.js';
import { findRuntime, requireCgroups, versionOf, type RuntimeProgram } from './program.spawn.js';
import { startReaper, type Reaper } from './reaper.spawn.js';
import { readLayout, requireRights } from './rights.proc.js';
import type { HostFacts } from './rootfs.js';
import { byNobody, type Held, type LaunchDirs, type Sandbox, type SandboxSpec } from './sandbox.js';
import { asSandboxError, SandboxError } from './sandbox-error.js';
import { systemTools } from './tool.spawn.js';
import { WorkDisks } from './work-disk.spawn.js';

export interface SandboxRuntimeOptions {
  /** Identifies this Lull among others on the machine. */
  readonly stateDir: string;
  /** Short: sockets lie below it. */
  readonly runDir: string;
  /** Name or path of the program. */
  readonly ociRuntime: string;
  /** The control group in which ours go; absent: at the root of each hierarchy. */
  readonly delegatedGroup?: string | undefined;
  /** `lowest` unless said otherwise. `normal` is for machines that are always busy: build hosts, tests. */
  readonly priority?: Priority;
  readonly log: Log;
}

export interface Described {
  readonly runtime: string;
  readonly cgroups: CgroupKind;
  /** What its control groups can limit beside what all can. */
  readonly limits: readonly string[];
}

export interface SandboxRuntime {
  /** What makes the sandboxes here; asks the program for its version. */
  describe(): Promise<Described>;
  /** Makes the directories of a launch. Removed with the sandbox, or by `discard`. @throws when closed. */
  prepare(id: string, uid: number): Promise<LaunchDirs>;
  /** Removes what `prepare` made, where no launch follows. */
  discard(id: string): Promise<void>;
  /**
   * Starts an updater in the directories of `prepare`. After a failure nothing of it is left.
   * @param held asked right before the runtime is started, and waited for: what comes before takes time.
   * @throws SandboxError with any code but RUNTIME_MISSING.
   */
  launch(spec: SandboxSpec, signal: AbortSignal, held?: Held): Promise<Sandbox>;
  /** Takes down what bounds a work directory, which is kept; the next launch in it does so anew. */
  release(workDir: string): Promise<void>;
  /**
   * Does without what not every machine allows, a user namespace, from now on.
   * @returns what takes that back; undefined where there is nothing left to do without.
   */
  weaken(): (() => void) | undefined;
  /** Launches nothing from now on: what is frozen here goes on. */
  giveUp(): void;
  /** Ends and removes what a dead instance left (T22). Before the first launch. @returns their ids. */
  killOrphans(): Promise<string[]>;
  close(): Promise<void>;
}

/** @throws SandboxError NOT_PERMITTED or RUNTIME_MISSING. */
export function createSandboxRuntime(options: SandboxRuntimeOptions): Promise<SandboxRuntime> {
  // Wrapped, so that every failure is a rejection.
  return Promise.resolve().then(() => new RuncRuntime(options));
}

class RuncRuntime implements SandboxRuntime {
  /** Tells this instance's groups from those of one that died and is still being reaped. */
  private readonly instance = randomBytes(4).toString('hex');
  private readonly program: RuntimeProgram;
  private facts: HostFacts;
  private readonly layout: CgroupLayout;
  private readonly parent: ParentGroup;
  private readonly reaper: Reaper;
  private readonly runtimeRoot: string;
  private readonly workDisks: WorkDisks;
  private readonly prepared: PreparedLaunches;
  private readonly live = new Set<RuncSandbox>();
  private readonly launching = new Set<Promise<Sandbox>>();
  private closing: Promise<void> | undefined;
  private freezes = true;

  constructor(private readonly options: SandboxRuntimeOptions) {
    requireRights();
    const priority = options.priority ?? 'lowest';
    this.program = findRuntime(options.ociRuntime, priority, options.log);
    this.layout = readLayout(options.delegatedGroup);
    requireCgroups(this.program, kindOf(this.layout));
    this.parent = openParentGroup(this.layout, options.stateDir, priority);
    this.facts = readHostFacts(this.parent.features());
    this.runtimeRoot = join(options.runDir, 'oci');
    mkdirSync(options.runDir, { recursive: true });
    mkdirSync(this.runtimeRoot, { recursive: true, mode: 0o700 });
    this.workDisks = new WorkDisks({
      dirs: [options.stateDir, options.runDir],
      log: options.log,
      tools: systemTools(priority === 'normal'),
    });
    this.prepared = new PreparedLaunches({ ...options, program: this.program });
    this.reaper = startReaper(this.parent.reapDir, this.instance);
  }

  async describe(): Promise<Described> {
    const version = await versionOf(this.program);
    return {
      runtime: this.layout.delegated === undefined ? version : `${version}, without root`,
      cgroups: kindOf(this.layout),
      limits: limitsBeside(this.facts.groups),
    };
  }

  prepare(id: string, uid: number): Promise<LaunchDirs> {
    if (this.closing === undefined) return this.prepared.prepare(id, uid);
    return Promise.reject(new SandboxError('CANCELLED', 'it is being closed'));
  }

  discard(id: string): Promise<void> {
    return this.prepared.discard(id);
  }

  launch(spec: SandboxSpec, signal: AbortSignal, held = byNobody): Promise<Sandbox> {
    const launching = this.launchNow(spec, signal, held);
    this.launching.add(launching);
    return launching.finally(() => this.launching.delete(launching));
  }

  private async launchNow(spec: SandboxSpec, signal: AbortSignal, held: Held): Promise<Sandbox> {
    let sandbox: RuncSandbox;
    try {
      this.requireWanted(signal);
      const hasQuota = await this.workDisks.bind(spec.workDir, spec.uid, spec.limits.diskBytesMax);
      const containerId = `${spec.id}.${this.instance}`;
      const group = join(this.parent.path, containerId);
      const configSha256 = await this.prepared.furnish(spec, this.facts, group);
      // Whoever came meanwhile is not to see it start. Nothing is awaited between the look and the start.
      while (held.frozen) await held.thawed();
      this.requireWanted(signal);
      sandbox = this.spawn(spec, { containerId, configSha256, hasQuota });
      held.attach(sandbox);
    } catch (error) {
      await this.discard(spec.id);
      throw asSandboxError(error);
    }
    try {
      await sandbox.started(signal);
      return sandbox;
    } catch (error) {
      await sandbox.close();
      throw error;
    }
  }

  private requireWanted(signal: AbortSignal): void {
    if (!this.freezes) {
      const why = 'what is frozen goes on here: its control group holds none of its processes';
      throw new SandboxError('CANNOT_FREEZE', why);
    }
    if (this.closing === undefined && !signal.aborted) return;
    throw new SandboxError('CANCELLED', 'the launch was given up');
  }

  release(workDir: string): Promise<void> {
    return this.workDisks.release(workDir);
  }

  weaken(): (() => void) | undefined {
    const before = this.facts;
    if (!before.userNamespaces) return undefined;
    this.facts = { ...before, userNamespaces: false };
    return () => (this.facts = before);
  }

  giveUp(): void {
    this.freezes = false;
  }

  private spawn(
    spec: SandboxSpec,
    made: {
      readonly containerId: string;
      readonly configSha256: string;
      readonly hasQuota: boolean;
    },
  ): RuncSandbox {
    const group = this.parent.openChild(made.containerId, disksOf(spec, made.hasQuota));
    try {
      const sandbox: RuncSandbox = new RuncSandbox({
        ...{ id: spec.id, argv: spec.argv, ...made },
        program: this.program,
        runtimeRoot: this.runtimeRoot,
        bundleDir: launchPlace(this.options.runDir, spec.id).bundleDir,
        group,
        showRoots: (roots) => this.prepared.show(spec.id, roots),
        removeDirs: () => {
          this.live.delete(sandbox);
          return this.discard(spec.id);
        },
        log: this.options.log,
      });
      this.live.add(sandbox);
      return sandbox;
    } catch (error) {
      group.close();
      throw error;
    }
  }

  async killOrphans(): Promise<string[]> {
    const { parent, runtimeRoot, program, instance } = this;
    const { log } = this.options;
    const orphans = await endOrphans({ parent, runtimeRoot, program, instance, log });
    const left = await this.prepared.discardAll();
    return [...new Set([...orphans.map((name) => name.replace(/\.[0-9a-f]*$/, '')), ...left])];
  }

  close(): Promise<void> {
    this.closing ??= (async () => {
      for (const closed of await Promise.allSettled([...this.live].map((each) => each.close()))) {
        if (closed.status === 'fulfilled') continue;
        this.options.log.error({ err: closed.reason as unknown }, 'a sandbox could not be removed');
      }
      // What they made is theirs to remove.
      await Promise.allSettled(this.launching);
      await this.workDisks.close();
      await this.reaper.close();
      this.parent.remove();
      await this.prepared.close();
      await rm(this.runtimeRoot, { recursive: true, force: true });
    })();
    return this.closing;
  }
}
