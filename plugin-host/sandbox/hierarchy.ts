// Where the kernel shows its control groups on this machine: v2 alone, v1 alone, or both (hybrid).
// Read from /proc/self/mountinfo, whose lines are
//   36 35 98:0 /root /mount/point rw,noatime shared:1 - fstype source superoptions

import type { CgroupKind } from '../../conditions/confinement.js';

export interface CgroupLayout {
  /** Mount point of the v2 hierarchy, where there is one that OCI runtimes use too. */
  readonly unified: string | undefined;
  /** Mount points of the v1 hierarchies by controller; named ones as "name=systemd". */
  readonly v1: ReadonlyMap<string, string>;
  /** The group that was delegated to us, from the root of each hierarchy; absent: ours lie at the root. */
  readonly delegated?: string;
}

export interface MountPoint {
  /** "major:minor" of the file system. */
  readonly device: string;
  /** Which directory of the file system is mounted. */
  readonly root: string;
  readonly path: string;
  /** Of this mount, not of the file system: `ro`, `noexec`… */
  readonly options: readonly string[];
  readonly fileSystem: string;
  readonly superOptions: readonly string[];
}

// OCI runtimes join v2 groups here and nowhere else: the first where v2 is alone, the second where
// it stands beside v1. A v2 hierarchy mounted elsewhere would stay empty.
const UNIFIED_PATHS = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];

export function parseMountinfo(text: string): MountPoint[] {
  return text.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ');
    const [, , device, root, path, own] = before?.split(' ') ?? [];
    const [fileSystem, , superOptions] = after?.split(' ') ?? [];
    if (device === undefined || root === undefined) return [];
    if (path === undefined || fileSystem === undefined) return [];
    return [
      {
        ...{ device, root, path: unescape(path), fileSystem },
        options: own?.split(',') ?? [],
        superOptions: superOptions?.split(',') ?? [],
      },
    ];
  });
}

export function cgroupLayout(mounts: readonly MountPoint[]): CgroupLayout {
  const v1 = new Map<string, string>();
  let unified: string | undefined;
  for (const { path, fileSystem, superOptions } of mounts) {
    if (fileSystem === 'cgroup2' && UNIFIED_PATHS.includes(path)) unified = path;
    if (fileSystem !== 'cgroup') continue;
    for (const option of superOptions) {
      if (isController(option) && !v1.has(option)) v1.set(option, path);
    }
  }
  return { unified, v1 };
}

export function kindOf({ unified, v1 }: CgroupLayout): CgroupKind {
  // systemd's own hierarchy has no controller.
  const controllers = [...v1.keys()].filter((name) => !name.startsWith('name='));
  if (unified === undefined) return controllers.length > 0 ? 'v1' : 'none';
  return controllers.length > 0 ? 'hybrid' : 'v2';
}

/** Mount points of every hierarchy, each once. */
export function hierarchies(layout: CgroupLayout): string[] {
  const all = [...layout.v1.values(), ...(layout.unified === undefined ? [] : [layout.unified])];
  return [...new Set(all)];
}

/**
 * The mount point of a v2 hierarchy whose groups lie above our cgroup namespace, where the kernel lets
 * nobody be moved into them. Nothing else tells: the files are there, and can be opened.
 */
export function outOfReach(mounts: readonly MountPoint[]): string | undefined {
  return mounts.find(
    ({ fileSystem, path, root, superOptions }) =>
      fileSystem === 'cgroup2' &&
      UNIFIED_PATHS.includes(path) &&
      root.startsWith('/..') &&
      superOptions.includes('nsdelegate'),
  )?.path;
}

/**
 * What tells a directory from every other one on this machine, those of containers too: each of them may
 * have a /var/lib/lull, and all share the machine's control groups.
 */
export function distinctName(dir: string, mounts: readonly MountPoint[]): string {
  let holds: MountPoint | undefined;
  for (const mount of mounts) {
    const below = mount.path === '/' ? '/' : `${mount.path}/`;
    const isAbove = dir === mount.path || dir.startsWith(below);
    // Of two at one place the later one covers the other.
    if (isAbove && mount.path.length >= (holds?.path.length ?? 0)) holds = mount;
  }
  // The machine's own view. An overlay is a container's.
  if (holds === undefined || (holds.root === '/' && holds.fileSystem !== 'overlay')) return dir;
  return `${holds.device} ${holds.root} ${dir.slice(holds.path.length)}`;
}

/** Options of a v1 mount that are not controllers. */
const PLAIN_OPTIONS = ['rw', 'ro', 'xattr', 'clone_children', 'noprefix', 'cpuset_v2_mode'];

function isController(option: string): boolean {
  return !PLAIN_OPTIONS.includes(option) && !option.startsWith('release_agent=');
}

/** The kernel writes space, tab, newline and backslash as three octal digits. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_all, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
