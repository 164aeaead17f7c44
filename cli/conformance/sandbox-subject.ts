// A bundle in the real sandbox as what the suite tries: launched as a plugin-host launches it, with a host
// of the suite's own at its sockets.
//
// Invariants:
//   B1. Nothing of the machine is changed: roots are copies, below a directory that is removed at the end.
//   B2. It runs under the id that no updater has, of the self-test.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, cp, mkdir, open, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bindGrants, type BoundGrants } from '../../bundle/grant.js';
import type { Manifest } from '../../bundle/manifest.js';
import {
  inside,
  type LaunchDirs,
  type Sandbox,
  type SandboxSpec,
} from '../../plugin-host/sandbox/sandbox.js';
import { launchEnvironment } from '../../plugin-host/sandbox/launch-environment.js';
import { SandboxError } from '../../plugin-host/sandbox/sandbox-error.js';
import {
  createSandboxRuntime,
  type SandboxRuntime,
} from '../../plugin-host/sandbox/sandbox.runc.js';
import type { Log } from '../../runtime/log.js';
import { CloseStack } from '../../runtime/shutdown.js';
import type { Doors, Launch, Place, Power, Subject } from '../../sdk/conformance/subject.js';
import { refuseByRules } from './host-rules.js';
import { claimsOf, type OpenedFile } from './lull-file.fs.js';
import { fillWith, handOver, launchOf, served, UID } from './sandbox-launch.js';

export interface SandboxSubjectOptions extends OpenedFile {
  /** For the report. */
  readonly name: string;
  readonly settings: ReadonlyMap<string, string>;
  /** What roots hold before anything is updated: directories that are copied, by name. */
  readonly roots: ReadonlyMap<string, string>;
  /** Everything is made below it. */
  readonly dir: string;
  readonly log: Log;
}

const MIB = 1024 * 1024;
const FILL_PIECE = Buffer.alloc(MIB);

/** @throws SandboxError where none can be had here. */
export async function sandboxSubject(options: SandboxSubjectOptions): Promise<Subject> {
  const { dir, log } = options;
  const runtime = await createSandboxRuntime({
    stateDir: join(dir, 'state'),
    runDir: join(dir, 'run'),
    ociRuntime: 'runc',
    // Somebody waits for it.
    priority: 'normal',
    log,
  });
  return new SandboxSubject(options, runtime);
}

class SandboxSubject implements Subject {
  readonly name: string;
  readonly claims;
  readonly settings: ReadonlyMap<string, string>;
  readonly powers = new Set<Power>(['launch', 'kill', 'terminate', 'freeze', 'disk']);
  private readonly grants: BoundGrants;
  private readonly manifest: Manifest;
  private readonly artifactsDir: string;
  private sceneCount = 0;

  constructor(
    private readonly options: SandboxSubjectOptions,
    private readonly runtime: SandboxRuntime,
  ) {
    this.manifest = options.manifest;
    this.grants = bindGrants(options.manifest, options.settings);
    this.claims = claimsOf(options.manifest, this.grants.egress);
    this.artifactsDir = join(options.dir, 'artifacts');
    this.name = options.name;
    this.settings = options.settings;
  }

  async prepare(): Promise<Place> {
    this.sceneCount += 1;
    const dir = join(this.options.dir, 'scenes', String(this.sceneCount));
    const place = {
      dir,
      workDir: join(dir, 'work'),
      rootsDir: join(dir, 'roots'),
      artifactsDir: this.artifactsDir,
    };
    for (const each of [place.workDir, place.rootsDir, place.artifactsDir])
      await mkdir(each, { recursive: true });
    await chown(place.workDir, UID, UID);
    await chmod(place.workDir, 0o700);
    await chmod(place.artifactsDir, 0o755);
    for (const { name } of this.roots()) {
      const from = this.options.roots.get(name);
      if (from === undefined || !existsSync(from)) continue;
      // B1. The path of a root may be a link to its version.
      await cp(await realpath(from), join(place.rootsDir, name), {
        recursive: true,
        verbatimSymlinks: true,
      });
    }
    return place;
  }

  async clear(place: Place): Promise<void> {
    await this.runtime.release(place.workDir);
    await rm(place.dir, { recursive: true, force: true });
  }

  async launch(place: Place, doors: Doors, changes: boolean): Promise<Launch> {
    const id = `conformance-${randomBytes(4).toString('hex')}`;
    const token = randomBytes(32).toString('hex');
    const opened = new CloseStack(this.options.log);
    try {
      opened.add('launch directories', { close: () => this.runtime.discard(id) });
      const dirs = await this.runtime.prepare(id, UID);
      const hostSocket = join(dirs.hostDir, 'host.sock');
      opened.add(
        'host',
        await doors.host({ socketPath: hostSocket, token, artifactsSeenAt: inside.artifacts }),
      );
      await handOver(hostSocket);
      if (this.grants.egress.length > 0) {
        const egressSocket = join(dirs.hostDir, 'egress.sock');
        opened.add('egress', await doors.egress(egressSocket));
        await handOver(egressSocket);
      }
      const spec = await this.specOf({ id, dirs, place, token, changes });
      const sandbox = opened.add('sandbox', await this.launchSandbox(spec));
      const beganAtMs = performance.now();
      if (!sandbox.hasQuota) this.powers.delete('disk');
      const client = opened.add('client', await served(sandbox, dirs.channelDir));
      // Time in which it got no processor is not the updater's.
      const readyMs = performance.now() - beganAtMs - sandbox.starvedUs() / 1_000;
      return launchOf(sandbox, { client, readyMs, token, close: () => opened.close() });
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  refuse(call: Parameters<NonNullable<Subject['refuse']>>[0], place: Place): void {
    const { grants, manifest } = this;
    refuseByRules({ grants, criticalSMax: manifest.critical_max_s, uid: UID }, call, place);
  }

  async fill(place: Place): Promise<() => Promise<void>> {
    const path = join(place.workDir, 'filled-up');
    const file = await open(path, 'w');
    try {
      for (let size = FILL_PIECE.byteLength; size >= 1; size = Math.floor(size / 2)) {
        await fillWith(file, FILL_PIECE.subarray(0, size));
      }
    } finally {
      await file.close();
    }
    return () => rm(path, { force: true });
  }

  async close(): Promise<void> {
    await this.runtime.close();
    await rm(this.options.dir, { recursive: true, force: true });
  }

  private roots(): readonly { readonly name: string }[] {
    return [...this.manifest.install_roots, ...this.manifest.roots];
  }

  /** A kernel may have no user namespaces; then there is a sandbox without. */
  private async launchSandbox(spec: SandboxSpec): Promise<Sandbox> {
    const signal = new AbortController().signal;
    try {
      return await this.runtime.launch(spec, signal);
    } catch (error) {
      const isRefused = error instanceof SandboxError && error.code === 'LAUNCH_REFUSED';
      if (!isRefused || this.runtime.weaken() === undefined) throw error;
      await this.runtime.prepare(spec.id, UID);
      return this.runtime.launch(spec, signal);
    }
  }

  private async specOf(made: {
    readonly id: string;
    readonly dirs: LaunchDirs;
    readonly place: Place;
    readonly token: string;
    readonly changes: boolean;
  }): Promise<SandboxSpec> {
    const { id, dirs, place, token, changes } = made;
    const { entrypoint, runtime, limits } = this.manifest;
    const own = new Set(this.manifest.roots.map(({ name }) => name));
    const roots: { name: string; path: string; writable?: boolean }[] = [];
    for (const { name } of this.roots()) {
      const path = join(place.rootsDir, name);
      if (!existsSync(path)) continue;
      if (own.has(name)) await chown(path, UID, UID);
      roots.push({ name, path: await realpath(path), writable: changes && own.has(name) });
    }
    return {
      ...{ id, uid: UID, argv: entrypoint, runtime, dirs, roots },
      env: launchEnvironment({ token, hasEgress: this.grants.egress.length > 0 }),
      bundleDir: this.options.bundleDir,
      workDir: place.workDir,
      artifactsDir: place.artifactsDir,
      limits: {
        memoryBytesMax: limits.memory_mb * MIB,
        processesMax: limits.processes,
        diskBytesMax: limits.disk_mb * MIB,
      },
    };
  }
}
