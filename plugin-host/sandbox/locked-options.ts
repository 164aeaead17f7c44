// What a file system was mounted with, kept where a part of it is shown to an updater: in a user
// namespace the kernel lets nobody take it off again, and refuses the mount that would (`EPERM`). Not
// every OCI runtime looks by itself. Most machines mount /run `noexec`, and some /var or an install root.

import type { MountPoint } from './hierarchy.js';
import type { Mount } from './rootfs.js';

/** @param sources where the files of a bind really are: no links. */
export function keepLocked(
  mounts: readonly Mount[],
  points: readonly MountPoint[],
  sources: (path: string) => string,
): Mount[] {
  return mounts.map((mount) => {
    if (mount.type !== 'bind') return mount;
    const options = mountOf(sources(mount.source), points)?.options ?? [];
    const kept = mount.options.map((each) =>
      each === 'rw' && options.includes('ro') ? 'ro' : each,
    );
    const locked = options.includes('noexec') && !kept.includes('noexec') ? ['noexec'] : [];
    return { ...mount, options: [...kept, ...locked] };
  });
}

/** The innermost that the path lies in; of several at one place the last, which covers the others. */
function mountOf(path: string, points: readonly MountPoint[]): MountPoint | undefined {
  const holding = points.filter(
    (point) => point.path === '/' || path === point.path || path.startsWith(`${point.path}/`),
  );
  return holding.reduce<MountPoint | undefined>(
    (inner, each) => (inner === undefined || each.path.length >= inner.path.length ? each : inner),
    undefined,
  );
}
