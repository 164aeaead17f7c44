// The powers without which no updater can be confined, and what each is for. Root on a machine has all of
// them; a container or a unit may have been given less.

export interface Privilege {
  readonly name: string;
  /** Of the kernel's capabilities; bits of CapEff in /proc/PID/status. */
  readonly bit: number;
  readonly why: string;
}

export const privileges: readonly Privilege[] = [
  { name: 'CAP_CHOWN', bit: 0, why: 'gives each updater its directories' },
  { name: 'CAP_DAC_OVERRIDE', bit: 1, why: 'reads and replaces what belongs to other users' },
  { name: 'CAP_FOWNER', bit: 3, why: 'sets the modes of what it installs for other users' },
  { name: 'CAP_KILL', bit: 5, why: 'ends updaters, which are other users' },
  { name: 'CAP_SETGID', bit: 6, why: 'starts each updater as a group of its own' },
  { name: 'CAP_SETUID', bit: 7, why: 'starts each updater as a user of its own' },
  { name: 'CAP_SYS_CHROOT', bit: 18, why: 'shows an updater its own root directory' },
  { name: 'CAP_SYS_ADMIN', bit: 21, why: 'makes namespaces, mounts and control groups' },
];

/** @param status the text of /proc/self/status. */
export function missingPrivileges(status: string): Privilege[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return privileges.filter(({ bit }) => ((effective >> BigInt(bit)) & 1n) === 0n);
}

/** What to do, in one line; undefined where nothing is missing. */
export function whatIsMissing(uid: number | undefined, status: string): string | undefined {
  const missing = missingPrivileges(status);
  if (uid === 0 && missing.length === 0) return undefined;
  // Whoever is not root has no use for a list of what root has.
  const what =
    uid === 0 ? ` It lacks ${missing.map(({ name, why }) => `${name} (${why})`).join(', ')}.` : '';
  return `confining updaters needs root, with its capabilities: run Lull with sudo, or give them to the container (docker-compose.yml has the list).${what}`;
}
