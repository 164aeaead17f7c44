// What a sandbox may take of processor and memory, in the words of OCI runtimes and of the kernel. Pure:
// what the kernel here can limit is handed in, once it was looked at.
//
// Disks have the lowest weight, and rates where policy gives some: brake.cgroup.ts. Decision 60.

/** Bytes a second; infinite: as fast as the disk is. */
export interface DiskRates {
  readonly readBytesPerSMax: number;
  readonly writeBytesPerSMax: number;
}

/** Of one launch. */
export interface LaunchLimits {
  readonly memoryBytesMax: number;
  readonly processesMax: number;
  readonly diskBytesMax: number;
  /** Absent: as fast as the disk is. */
  readonly diskRates?: DiskRates;
  /** At the limit of memory the largest process ends alone, as with control groups of version 1. */
  readonly memoryEndsOne?: boolean;
}

export const noDiskRates: DiskRates = {
  readBytesPerSMax: Number.POSITIVE_INFINITY,
  writeBytesPerSMax: Number.POSITIVE_INFINITY,
};

/** What control groups limit here. Root's have the first three; one that was delegated has what was given. */
export interface GroupFeatures {
  readonly memory: boolean;
  readonly processes: boolean;
  /** Processors are shared by weight. */
  readonly processorWeight: boolean;
  /** Swap is counted: v1 with `memsw`, v2 with `memory.swap.max`. */
  readonly swap: boolean;
  /** Memory is v2's: it can be slowed before its limit, and ends as a whole at it. */
  readonly unifiedMemory: boolean;
  /** Disks are shared by weight. */
  readonly diskWeight: boolean;
  /** Bytes a second of a disk can be limited. */
  readonly diskRates: boolean;
}

/** In an operator's words. */
export function limitsBeside({ swap, diskWeight, diskRates }: GroupFeatures): readonly string[] {
  return [
    ...(swap ? ['swap'] : []),
    ...(diskWeight ? ['disk weight'] : []),
    ...(diskRates ? ['disk rates'] : []),
  ];
}

export interface Resources {
  readonly memory?: { readonly limit: number; readonly swap?: number };
  readonly pids?: { readonly limit: number };
  readonly cpu?: { readonly shares: number };
  readonly devices: readonly { readonly allow: boolean; readonly access: string }[];
  readonly unified?: Readonly<Record<string, string>>;
}

/** Against its siblings; what counts against the person's programs is the parent's weight. */
const CPU_SHARES_MIN = 2;
/**
 * From here on it has to give pages back, and waits for it. So near to the limit that one that never
 * stops comes to its end in seconds: the kernel makes it wait with the square of the excess.
 */
const HIGH_SHARE = 31 / 32;
const CPU_PERIOD_US = 100_000;
/** Of the machine; the tenth that is left is for whoever comes back, before the freezer has done its work. */
const CPU_SHARE_MAX = 0.9;

export function resourcesOf(
  limits: LaunchLimits,
  features: Omit<GroupFeatures, 'diskWeight' | 'diskRates'>,
): Resources {
  const { memoryBytesMax, processesMax, memoryEndsOne = false } = limits;
  // Of both together: nothing of it is swapped out beyond its limit, while everybody waits.
  const swap = features.swap ? { swap: memoryBytesMax } : {};
  return {
    ...(features.memory ? { memory: { limit: memoryBytesMax, ...swap } } : {}),
    ...(features.processes ? { pids: { limit: processesMax } } : {}),
    ...(features.processorWeight ? { cpu: { shares: CPU_SHARES_MIN } } : {}),
    // Nothing but the runtime's default devices.
    devices: [{ allow: false, access: 'rwm' }],
    ...(features.unifiedMemory
      ? {
          unified: {
            'memory.high': String(Math.floor(memoryBytesMax * HIGH_SHARE)),
            // All of it or nothing: half an updater is worse than none.
            'memory.oom.group': memoryEndsOne ? '0' : '1',
          },
        }
      : {}),
  };
}

/** What all sandboxes together may use of the processors: the files of both versions. */
export function processorKnobs(processors: number): readonly (readonly [string, string])[] {
  const quotaUs = Math.round(processors * CPU_SHARE_MAX * CPU_PERIOD_US);
  return [
    ['cpu.max', `${String(quotaUs)} ${String(CPU_PERIOD_US)}`],
    ['cpu.cfs_period_us', String(CPU_PERIOD_US)],
    ['cpu.cfs_quota_us', String(quotaUs)],
  ];
}
