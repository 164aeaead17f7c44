// The OCI configuration of one launch: what the runtime is told to build. Pure, so that the whole
// confinement of an updater is one value that can be read, compared and hashed for the audit.

import { resourcesOf, type Resources } from './limits.js';
import { inside, type SandboxSpec } from './sandbox.js';
import { seccompProfile, type SeccompProfile } from './seccomp.js';
import type { HostFacts, Mount } from './rootfs.js';

export interface OciConfig {
  readonly ociVersion: string;
  readonly hostname: string;
  readonly root: { readonly path: string; readonly readonly: true };
  readonly process: {
    readonly terminal: false;
    readonly user: { readonly uid: number; readonly gid: number };
    readonly args: readonly string[];
    readonly env: readonly string[];
    readonly cwd: string;
    readonly capabilities: Readonly<Record<CapabilitySet, readonly string[]>>;
    readonly rlimits: readonly {
      readonly type: string;
      readonly soft: number;
      readonly hard: number;
    }[];
    readonly noNewPrivileges: true;
    readonly oomScoreAdj: number;
  };
  readonly mounts: readonly Mount[];
  readonly linux: {
    readonly namespaces: readonly { readonly type: string }[];
    readonly uidMappings?: readonly IdMapping[];
    readonly gidMappings?: readonly IdMapping[];
    readonly cgroupsPath: string;
    readonly resources: Resources;
    readonly maskedPaths: readonly string[];
    readonly readonlyPaths: readonly string[];
    readonly seccomp: SeccompProfile;
  };
}

interface IdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

type CapabilitySet = 'bounding' | 'effective' | 'inheritable' | 'permitted' | 'ambient';

/** Enough for npm on a large tree; T20. */
const OPEN_FILES_MAX = 4_096;
/** The kernel's first choice when memory runs out. */
const OOM_SCORE_MAX = 1_000;
const namespaces = ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'];
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

/**
 * The runtimes' own defaults: what /proc tells or takes that concerns the whole machine. And what counts
 * the keys that a person strikes: when somebody is there is nothing that an updater is told.
 */
const maskedPaths = [
  '/proc/interrupts',
  '/proc/softirqs',
  '/proc/acpi',
  '/proc/asound',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** @param cgroupPath from the root of every hierarchy. */
export function ociConfig(
  spec: SandboxSpec,
  facts: HostFacts,
  mounts: readonly Mount[],
  cgroupPath: string,
): OciConfig {
  const fileBytesMax = spec.limits.diskBytesMax;
  const openFiles = Math.min(OPEN_FILES_MAX, facts.openFilesMax);
  return {
    ociVersion: '1.0.2',
    hostname: 'lull',
    root: { path: 'rootfs', readonly: true },
    process: {
      terminal: false,
      user: { uid: spec.uid, gid: spec.uid },
      args: spec.argv,
      env: environment(spec, facts),
      // Fixed, so that no leaked descriptor of the runtime can be entered through it (T4).
      cwd: inside.bundle,
      // T6: none at all, in every set.
      capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
      rlimits: [
        { type: 'RLIMIT_NOFILE', soft: openFiles, hard: openFiles },
        { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
        // Whoever makes music has both from their distribution, and what they start inherits them: no
        // share of the processors holds what has a real-time priority.
        { type: 'RLIMIT_RTPRIO', soft: 0, hard: 0 },
        { type: 'RLIMIT_NICE', soft: 0, hard: 0 },
        // T20: of one file, wherever it is; of all of them its work directory's own file system.
        { type: 'RLIMIT_FSIZE', soft: fileBytesMax, hard: fileBytesMax },
      ],
      noNewPrivileges: true,
      oomScoreAdj: OOM_SCORE_MAX,
    },
    mounts,
    linux: {
      namespaces: [...namespaces, ...(facts.userNamespaces ? ['user'] : [])].map((type) => ({
        type,
      })),
      ...(facts.userNamespaces
        ? { uidMappings: mappings(spec.uid), gidMappings: mappings(spec.uid) }
        : {}),
      cgroupsPath: cgroupPath,
      resources: resourcesOf(spec.limits, facts.groups),
      maskedPaths,
      readonlyPaths,
      seccomp: seccompProfile(),
    },
  };
}

/**
 * Root, as whom the runtime builds what is mounted, and the updater's own id; every other id of the
 * machine is nobody's inside. Each is itself, so that files on disk have the owner that they seem to
 * have: what the namespace takes away is every capability over the machine.
 */
function mappings(uid: number): IdMapping[] {
  return [0, uid].map((id) => ({ containerID: id, hostID: id, size: 1 }));
}

/**
 * `spec.env`, with PATH and HOME where it has none: a program cannot be found without the one, and
 * the runtimes would add the other by themselves (T2). With `node`, its directory leads the PATH.
 */
export function environment(spec: SandboxSpec, facts: HostFacts): string[] {
  const env = new Map(spec.env);
  if (!env.has('HOME')) env.set('HOME', inside.work);
  const path = env.get('PATH') ?? DEFAULT_PATH;
  const executable = spec.runtime === 'node' ? facts.node?.executable : undefined;
  env.set(
    'PATH',
    executable === undefined ? path : `${executable.slice(0, executable.lastIndexOf('/'))}:${path}`,
  );
  return [...env].map(([name, value]) => `${name}=${value}`);
}
