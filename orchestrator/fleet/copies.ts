// Whether what a fleet keeps has as many copies as it is meant to have, on servers that keep up: for people, who
// alone can mend that. What has fewer goes on as long as enough are there.

import { noticeOf } from './standing.js';

/** Of one stream. */
export interface StreamCopies {
  readonly stream: string;
  /** Copies that it has, on so many servers. */
  readonly count: number;
  /** Names of servers whose copy is behind for a while, or that are gone. */
  readonly behind: readonly string[];
}

const ONE_COPY =
  'the server is one of several of a cluster, and what the fleet keeps has one copy: with one server a part of it is gone; --journal-copies 3 keeps three, of what is made from then on, and "lull fleet copies 3" of what is there';

/**
 * @param wantedCount of `--journal-copies`.
 * @param isClustered whether the server is one of several.
 * @returns what somebody should look at, in words; undefined: nothing.
 */
export function copiesNotice(
  streams: readonly StreamCopies[],
  wantedCount: number,
  isClustered: boolean,
): string | undefined {
  const few = streams.filter(({ count }) => count < wantedCount);
  const counts = [...new Set(few.map(({ count }) => count))].sort().join(' or ');
  const behind = [...new Set(streams.flatMap((each) => each.behind))].sort();
  const late = streams.filter((each) => each.behind.length > 0);
  return noticeOf([
    ...(few.length === 0
      ? []
      : [
          `${namesOf(few)}: ${counts} of the ${String(wantedCount)} copies that --journal-copies asks for, which holds for what is new; "lull fleet copies ${String(wantedCount)}" gives them more`,
        ]),
    ...(late.length === 0
      ? []
      : [`${behind.join(' and ')} has no copy that is up to date of ${namesOf(late)}`]),
    ...(wantedCount === 1 && isClustered ? [ONE_COPY] : []),
  ]);
}

/** The first few are enough to see which they are. */
function namesOf(streams: readonly StreamCopies[]): string {
  const [first = '', ...others] = streams.map(({ stream }) => stream);
  return others.length === 0 ? first : `${first} and ${String(others.length)} other streams`;
}
