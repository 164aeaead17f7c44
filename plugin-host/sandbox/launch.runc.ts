// One sandbox: an OCI runtime in the foreground, whose exit is the updater's exit.
//
//   group made ─▶ runtime spawned ─▶ pid file there: running ─▶ runtime exits: ended ─▶ closed
//                  │    ├─ runtime exits without pid file: LAUNCH_REFUSED, with its own words
//                  │    └─ given up, or closed: CANCELLED
//                  └─ frozen, as soon as it has put a process into the group ─▶ thawed: goes on
//
// `run` in the foreground is one process and ~30 ms; `create` and `start` take as long, and leave
// the updater's exit to be polled for.
//
// Invariants:
//   L1. Whatever happens between spawn and close, close() leaves no process, group or directory.
//   L2. What the updater writes is drained and forgotten but for a bounded tail of each pipe: it never
//       blocks on a full one, and never fills the host's memory (T17, T20).
//   L3. It can be frozen from the spawn on. A group in which nobody is yet is left alone: a runtime
//       refuses to start somebody in one that is frozen, and there is nobody to stop.

import { existsSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { pause, within } from '../../runtime/deadline.js';
import type { Log } from '../../runtime/log.js';
import { exitOf } from './exit.proc.js';
import type { ControlGroup } from './group.cgroup.js';
import { signalIfHandled } from './signal.proc.js';
import { spawnPolitely, type RuntimeProgram } from './program.spawn.js';
import { lastWords, logOf } from './runtime-log.fs.js';
import type { Sandbox, SandboxExit, SandboxSpec } from './sandbox.js';
import { SandboxError } from './sandbox-error.js';
import { isSeenBy } from './shown-roots.spawn.js';
import { tailOf, tailOfBoth } from './tail.js';
import { DELETE_MS_MAX, systemTools } from './tool.spawn.js';

const OUTPUT_BYTES_MAX = 2 * 1024;
const STARTED_MS_MAX = 20_000;
const STARTED_STEP_MS = 4;
const CLOSE_MS_MAX = 8_000;

interface LaunchOptions {
  /** [a-z0-9-], the caller's. */
  readonly id: string;
  /** What the runtime and the kernel call it: `id` and the instance. */
  readonly containerId: string;
  readonly program: RuntimeProgram;
  /** The runtime's `--root`. */
  readonly runtimeRoot: string;
  /** Directory with `rootfs` and the configuration. */
  readonly bundleDir: string;
  readonly argv: readonly string[];
  readonly configSha256: string;
  readonly group: ControlGroup;
  readonly hasQuota: boolean;
  readonly showRoots: Sandbox['show'];
  /** Removes what was made for the launch; called once, after the last process is gone. */
  readonly removeDirs: () => Promise<void>;
  readonly log: Log;
}

export class RuncSandbox implements Sandbox {
  readonly id: string;
  readonly argv: readonly string[];
  readonly configSha256: string;
  readonly hasQuota: boolean;
  readonly exited: Promise<SandboxExit>;
  private readonly tails: Record<'stdout' | 'stderr', Buffer> = {
    stdout: Buffer.alloc(0),
    stderr: Buffer.alloc(0),
  };
  private readonly pidFile: string;
  private ended = false;
  private running = false;
  private frozen = false;
  private goOn: () => void = () => undefined;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: LaunchOptions) {
    const { bundleDir, runtimeRoot, program } = options;
    this.id = options.id;
    this.argv = options.argv;
    this.configSha256 = options.configSha256;
    this.hasQuota = options.hasQuota;
    this.pidFile = join(bundleDir, 'pid');
    const child = spawnPolitely(program, [
      ...['--root', runtimeRoot, '--log', logOf(bundleDir), '--log-format', 'json'],
      ...['run', '--bundle', bundleDir, '--pid-file', this.pidFile, options.containerId],
    ]);
    // L2.
    for (const pipe of ['stdout', 'stderr'] as const) {
      child[pipe].on('data', (chunk: Buffer) => {
        this.tails[pipe] = tailOf(this.tails[pipe], chunk, OUTPUT_BYTES_MAX);
      });
    }
    // `close`, not `exit`: the tail is complete only when the pipes are at their end.
    this.exited = once(child, 'close').then(
      (args) => {
        this.ended = true;
        return exitOf(args as [number | null, NodeJS.Signals | null]);
      },
      (error: unknown) => {
        this.ended = true;
        this.tails.stderr = Buffer.from((error as Error).message);
        return { code: undefined, signal: undefined };
      },
    );
  }

  /** Resolves once the updater runs, or has run already. @throws SandboxError. */
  async started(signal: AbortSignal): Promise<void> {
    let deadlineMs = performance.now() + STARTED_MS_MAX;
    while (!existsSync(this.pidFile)) {
      // Whoever is closed before it runs was refused nothing.
      if (signal.aborted || this.closing !== undefined) {
        throw new SandboxError('CANCELLED', 'the launch was given up');
      }
      if (this.ended) {
        // The file may have come between the look at it and the end of the runtime.
        if (existsSync(this.pidFile)) break;
        throw new SandboxError(
          'LAUNCH_REFUSED',
          `the sandbox did not start: ${lastWords(this.options.bundleDir, this.outputTail())}`,
        );
      }
      if (performance.now() > deadlineMs) {
        throw new SandboxError(
          'LAUNCH_LATE',
          `the sandbox did not start within ${String(STARTED_MS_MAX)} ms`,
        );
      }
      if (this.freezeWhoIsThere()) {
        await this.thawed(signal);
        deadlineMs = performance.now() + STARTED_MS_MAX;
      } else await pause(STARTED_STEP_MS, signal);
    }
    this.running = true;
    this.freezeWhoIsThere();
  }

  freeze(): void {
    this.frozen = true;
    if (this.running) this.options.group.freeze();
    else this.freezeWhoIsThere();
  }

  thaw(): void {
    this.frozen = false;
    this.options.group.thaw();
    this.goOn();
  }

  /** L3. @returns whether there was somebody to freeze. */
  private freezeWhoIsThere(): boolean {
    if (!this.frozen || this.options.group.pids().length === 0) return false;
    this.options.group.freeze();
    return true;
  }

  /** Resolves when it goes on, or will not any more. */
  private async thawed(signal: AbortSignal): Promise<void> {
    const heard = new AbortController();
    const goesOn = new Promise<void>((resolve) => {
      this.goOn = resolve;
      signal.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { signal: heard.signal },
      );
    });
    await Promise.race([goesOn, this.exited]);
    heard.abort();
  }

  isStill(): boolean {
    return this.options.group.isStill();
  }

  throttle(): boolean {
    return this.options.group.throttle();
  }

  unthrottle(): void {
    this.options.group.unthrottle();
  }

  async show(roots: SandboxSpec['roots']): Promise<boolean> {
    if (!(await this.options.showRoots(roots))) return false;
    const pid = this.pid();
    return pid !== undefined && roots.every((root) => isSeenBy(pid, root));
  }

  terminate(): boolean {
    const pid = this.pid();
    return pid !== undefined && signalIfHandled(pid, 'SIGTERM');
  }

  /** Its first process, only while it is in our group: a number is given to another once it is reaped. */
  private pid(): number | undefined {
    const pid = existsSync(this.pidFile) ? Number(readFileSync(this.pidFile, 'utf8')) : 0;
    return !this.ended && this.options.group.pids().includes(pid) ? pid : undefined;
  }

  cpuUs(): number {
    return this.options.group.cpuUs();
  }

  starvedUs(): number {
    return this.options.group.starvedUs();
  }

  outputTail(): string {
    // A character that was cut in half shows as U+FFFD.
    const { stdout, stderr } = this.tails;
    return tailOfBoth(stdout, stderr, OUTPUT_BYTES_MAX).toString('utf8');
  }

  close(): Promise<void> {
    this.closing ??= this.tearDown();
    return this.closing;
  }

  private async tearDown(): Promise<void> {
    const { group, program, runtimeRoot, containerId, removeDirs, log } = this.options;
    const deadlineMs = performance.now() + CLOSE_MS_MAX;
    // L1: the runtime may not have joined yet, so one kill may find nobody. Its exit is the end.
    while (!this.ended && performance.now() < deadlineMs) {
      await group.kill();
      await Promise.race([this.exited, pause(STARTED_STEP_MS)]);
    }
    if (!this.ended) log.error({ sandbox: this.id }, 'a killed sandbox does not end');
    if (existsSync(join(runtimeRoot, containerId))) {
      const args = ['--root', runtimeRoot, 'delete', '--force', containerId];
      await systemTools()
        .light(program.path, args, DELETE_MS_MAX)
        .catch((error: unknown) => {
          // What follows kills and removes all that matters; its notes go with the run directory.
          log.warn({ err: error, sandbox: this.id }, 'the OCI runtime did not delete a sandbox');
        });
    }
    // A process that outlived the runtime, should one be possible, dies here.
    await group.kill();
    group.close();
    await within(removeDirs(), CLOSE_MS_MAX, `removing the directories of ${this.id}`);
  }
}
