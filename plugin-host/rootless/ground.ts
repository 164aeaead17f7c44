// Whether updaters can be confined by an ordinary user here. Pure: what there is was looked at before.
//
// Invariants:
//   R1. Each launch has a control group that is ours and can be frozen, or nothing starts: `SIGSTOP` is no
//       freeze, and what a person who comes back cannot stop is not begun.
//   R2. Each updater has a user id of its own that nobody else on the machine has (T15), or nothing starts.

import type { CgroupKind } from '../../conditions/confinement.js';

export interface Ground {
  readonly cgroups: CgroupKind;
  /** The control group that we are in. */
  readonly group: {
    /** From the root of version 2. */
    readonly path: string;
    /** Groups can be made in it, and processes moved. */
    readonly isOurs: boolean;
    /** The kernel freezes and ends groups as a whole. */
    readonly freezes: boolean;
    readonly otherProcesses: number;
  };
  /** What came of making a user namespace. */
  readonly namespace: IdMaps | { readonly refused: string };
}

/** The texts of /proc/self/uid_map and gid_map in it. */
export interface IdMaps {
  readonly uids: string;
  readonly gids: string;
}

const START_IT =
  'start it with "systemd-run --user --scope -p Delegate=yes lull up", or with sudo (in a container: as docker-compose.yml does)';

/**
 * What is missing and what to do, in one line; undefined where nothing is.
 * @param uids the ids that updaters are to have.
 */
export function rootlessProblem(
  { cgroups, group, namespace }: Ground,
  uids: { readonly first: number; readonly last: number },
): string | undefined {
  const why = groupProblem(cgroups, group) ?? namespaceProblem(namespace, uids);
  return why === undefined ? undefined : `confining updaters needs root here: ${why}.`;
}

/** R1. */
function groupProblem(cgroups: CgroupKind, group: Ground['group']): string | undefined {
  if (cgroups !== 'v2') {
    const have = { v1: 'has version 1', hybrid: 'mixes both', none: 'shows none' }[cgroups];
    return `an ordinary user can pause in control groups of version 2 alone, and this machine ${have}. Run Lull with sudo, or boot with systemd.unified_cgroup_hierarchy=1`;
  }
  if (!group.isOurs) {
    return `its control group, ${group.path}, was not delegated to this user, so that nothing could be paused: ${START_IT}`;
  }
  if (!group.freezes) {
    return 'this kernel does not freeze and end control groups as a whole, Linux 5.14 does. Run Lull with sudo';
  }
  if (group.otherProcesses > 0) {
    return `its control group, ${group.path}, has other programs in it, which would have to be moved: ${START_IT}`;
  }
  return undefined;
}

/** R2. */
function namespaceProblem(
  namespace: Ground['namespace'],
  uids: { readonly first: number; readonly last: number },
): string | undefined {
  if ('refused' in namespace) {
    return `no user ids for updaters (${namespace.refused}). That takes newuidmap (apt-get install uidmap), 65536 ids for this user in /etc/subuid and in /etc/subgid, and a kernel that makes user namespaces for everybody`;
  }
  const lacking = [namespace.uids, namespace.gids].some((map) => !covers(map, uids));
  if (!lacking) return undefined;
  return `the ids for this user in /etc/subuid and /etc/subgid are too few for ${String(uids.first)}-${String(uids.last)}, which updaters are to have. Give it 65536 in both, or name lower ones with --uids`;
}

/** Lines are "first inside, first outside, count". */
function covers(map: string, { first, last }: { first: number; last: number }): boolean {
  return map.split('\n').some((line) => {
    const [inside = Number.NaN, , count = Number.NaN] = line.trim().split(/\s+/).map(Number);
    return inside <= first && last < inside + count;
  });
}
