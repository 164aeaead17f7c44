// What the plugin-host needs of a sandbox, whichever OCI runtime makes it.

import type { LaunchLimits } from './limits.js';

/** Paths inside the sandbox. They are part of the contract's launch section. */
export const inside = {
  bundle: '/lull/bundle',
  work: '/lull/work',
  artifacts: '/lull/artifacts',
  channel: '/lull/channel',
  host: '/lull/host',
  roots: '/lull/roots',
} as const;

/** Directories of one launch, as the host sees them. They go away with the sandbox. */
export interface LaunchDirs {
  /** The updater serves its socket here: writable for it, and so hostile. */
  readonly channelDir: string;
  /** Lull serves its sockets for the updater here: read-only inside. */
  readonly hostDir: string;
  /** Becomes the root of its file system. */
  readonly rootDir: string;
}

export interface SandboxSpec {
  /** [a-z0-9-], unique among what runs. */
  readonly id: string;
  readonly uid: number;
  readonly argv: readonly string[];
  /** The whole environment; nothing of the host's is added (T2). */
  readonly env: ReadonlyMap<string, string>;
  readonly runtime: 'host' | 'node';
  readonly dirs: LaunchDirs;
  readonly bundleDir: string;
  readonly workDir: string;
  readonly artifactsDir: string;
  /**
   * Shown as /lull/roots/<name>; `path` has no link in it. An install root, which others replace, says
   * nothing of `writable`.
   */
  readonly roots: readonly {
    readonly name: string;
    readonly path: string;
    readonly writable?: boolean;
  }[];
  readonly limits: LaunchLimits;
}

export interface SandboxExit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/** Whoever holds a run while it is being launched. */
export interface Held {
  /** Whether nothing of it may run now. */
  readonly frozen: boolean;
  /** Resolves unless it is frozen. @throws when the run is over. */
  thawed(): Promise<void>;
  /** From now on there is something to freeze. Called in the step in which the runtime is started. */
  attach(sandbox: Sandbox): void;
}

export const byNobody: Held = {
  frozen: false,
  thawed: () => Promise.resolve(),
  attach: () => undefined,
};

/** A running sandbox. */
export interface Sandbox {
  readonly id: string;
  /** What was executed in it: its first process, as the runtime was told. */
  readonly argv: readonly string[];
  /** Digest of argv and configuration, for the audit: the same for launches that are confined alike. */
  readonly configSha256: string;
  /** Whether its work directory ends at its limit by itself; otherwise it has to be watched. */
  readonly hasQuota: boolean;
  /** Stops every process of it. Synchronous, a single write, and never waits for a confirmation. */
  freeze(): void;
  thaw(): void;
  /** Whether the kernel says that every process of it stands by now. Not for the way of a reaction. */
  isStill(): boolean;
  /**
   * Slows it down while it must not be frozen. Synchronous, as `freeze`.
   * @returns false where the kernel has no quota of processors: then its weight is all that holds it back.
   */
  throttle(): boolean;
  unthrottle(): void;
  /**
   * Shows its install roots as they are now, inside too. It has to be frozen meanwhile.
   * @returns false where only another launch can. @throws ToolError, or DeadlineError
   */
  show(roots: SandboxSpec['roots']): Promise<boolean>;
  /**
   * SIGTERM to its first process.
   * @returns false where that process does not handle it: then there is nothing to wait for.
   */
  terminate(): boolean;
  /** CPU time that all its processes have used, microseconds. */
  cpuUs(): number;
  /** Time in which it had work and got no processor, microseconds; 0 where the kernel does not say. */
  starvedUs(): number;
  /**
   * The last of what it wrote: to stderr, and where that leaves room to stdout, which comes before it.
   * At most 2 KiB, not escaped.
   */
  outputTail(): string;
  readonly exited: Promise<SandboxExit>;
  /** Kills what runs (also when frozen) and removes cgroup, mounts and directories. Idempotent. */
  close(): Promise<void>;
}
