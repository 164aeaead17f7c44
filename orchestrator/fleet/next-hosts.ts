// Machines of several partitions in the order of their names, out of a piece of each.

/** What a partition tells: machines in order, and whether there are more. */
export interface PieceOf<T> {
  readonly hosts: readonly T[];
  /** The last one that it tells, where there are more; or empty. */
  readonly nextPageToken: string;
}

/**
 * Those that come next for certain: beyond the last name of a partition that has more, others of it may
 * come in between. There is at least one, where any partition tells of any.
 */
export function nextHosts<T extends { readonly id: string }>(
  pieces: readonly PieceOf<T>[],
  countMax: number,
): PieceOf<T> {
  const ends = pieces.map(({ nextPageToken }) => nextPageToken).filter((end) => end !== '');
  const [end] = ends.sort();
  const all = pieces
    .flatMap(({ hosts }) => hosts)
    .filter(({ id }) => end === undefined || id <= end)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const hosts = all.slice(0, countMax);
  const isEnd = end === undefined && hosts.length === all.length;
  return { hosts, nextPageToken: isEnd ? '' : (hosts.at(-1)?.id ?? '') };
}
