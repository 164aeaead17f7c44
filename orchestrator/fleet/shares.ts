// Who leads which partition: each orchestrator decides for itself, from what all of them say.
//
// Invariants:
//   S1. Leases only decide who tries. Two that both believe that they lead do no harm: the journal takes
//       the entries of one.
//   S2. A claim in our own name that we do not hold is from before we died: nobody waits for it to expire.
//   S3. Whoever has taken back that it is there is gone, as of then.
//   S4. Nobody is given a share who has not been there for as long as a claim holds: one whose network is so slow
//       that its claims expire between two of them would get its share and lose it, again and again.

/** Somebody's claim to a partition, or to be there, and since when it has not changed. Owner '': none any more. */
export interface Claim {
  readonly owner: string;
  /** By our own clock, which never jumps: whose clocks agree is not asked. */
  readonly unchangedForMs: number;
  /** For how long it has been changed in time, without a gap in which it had expired. */
  readonly keptUpForMs: number;
}

/** A claim that was not renewed for so long counts no more. */
export const EXPIRED_MS = 1_500;

export interface Shares {
  readonly take: readonly string[];
  readonly release: readonly string[];
}

/**
 * @param self our name.
 * @param partitions all of them, in an order that every orchestrator shares.
 * @param members who is there, ourselves among them or not.
 * @param held what we lead.
 */
export function sharesOf(
  self: string,
  partitions: readonly string[],
  members: ReadonlyMap<string, Claim>,
  claims: ReadonlyMap<string, Claim>,
  held: ReadonlySet<string>,
): Shares {
  const alive = new Set([self]);
  const steady = new Set([self]);
  for (const [name, { owner, unchangedForMs, keptUpForMs }] of members) {
    if (owner === '' || unchangedForMs >= EXPIRED_MS) continue; // S3
    alive.add(name);
    if (keptUpForMs >= EXPIRED_MS) steady.add(name); // S4
  }
  const mostEach = Math.ceil(partitions.length / alive.size);
  const isFree = (partition: string): boolean => {
    const claim = claims.get(partition);
    if (claim === undefined || claim.owner === '' || claim.owner === self) return true; // S2
    return claim.unchangedForMs >= EXPIRED_MS;
  };
  const free = partitions.filter((partition) => !held.has(partition) && isFree(partition));
  // Begun at another place by each, so that they seldom reach for the same one.
  const from = [...alive].sort().indexOf(self) * mostEach;
  const ordered = [...free.slice(from), ...free.slice(0, from)];
  const surplus = held.size - Math.ceil(partitions.length / steady.size);
  return {
    take: ordered.slice(0, Math.max(0, mostEach - held.size)),
    release: surplus > 0 ? [...held].slice(-surplus) : [],
  };
}
