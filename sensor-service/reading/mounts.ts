// Mounts, as the kernel lists them in /proc/self/mountinfo: which of them may stop to answer.

/** More mounts are not looked at; a machine full of containers has hundreds. */
const MOUNTS_MAX = 10_000;
/** Of another machine or of a program: whoever stands behind it may be gone. */
const distant = /^(?:nfs|cifs|smb|9p|afs|ceph|coda|davfs|fuse|glusterfs|gpfs|lustre|ncpfs|autofs)/;

/** The points at which something is mounted that may stop to answer. */
export function parseDistantMounts(text: string): string[] {
  return text.split('\n', MOUNTS_MAX).flatMap((line) => {
    const [, point, type] = /^\S+ \S+ \S+ \S+ (\S+) .* - (\S+) /.exec(line) ?? [];
    if (point === undefined || type === undefined || !distant.test(type)) return [];
    return [point.replace(/\\([0-7]{3})/g, (_all, octal: string) => byteOf(octal))];
  });
}

/** The one of them below which the path lies, as far as its name says. */
export function distantMountOf(path: string, mounts: readonly string[]): string | undefined {
  const within = mounts.filter((point) => path === point || path.startsWith(`${point}/`));
  return within.toSorted((a, b) => b.length - a.length)[0];
}

/** Spaces and the like are written as octal bytes. */
function byteOf(octal: string): string {
  return String.fromCharCode(Number.parseInt(octal, 8));
}
