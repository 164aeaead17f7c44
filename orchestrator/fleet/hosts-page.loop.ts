// Machines of a partition, as whoever leads it tells them: a page at a time.
//
// Invariant: K1. What waits for a machine is decided anew for each that is told: after a few of them, whoever
// else is served here has a turn.

import { setImmediate as othersFirst } from 'node:timers/promises';
import {
  FleetHost,
  type ListHostsRequest,
  type ListHostsResponse,
} from '../../proto/gen/lull/operator/v1/fleet.js';
import { hostToWire } from '../api/host.wire.js';
import { pageOf } from '../api/page.js';
import type { Room } from './room.loop.js';

/** About 2 ms of deciding. */
const AT_ONCE = 8;

export interface TellingHosts {
  readonly partition: string;
  readonly roomOf: (hostId: string) => Pick<Room, 'operator'>;
  readonly hosts: () => readonly string[];
}

/** @returns those whose names come after `pageToken`, in order. `pageSize` 0: as many as a message holds. */
export async function hostsPage(
  { partition, roomOf, hosts }: TellingHosts,
  { pageSize, pageToken }: ListHostsRequest,
): Promise<ListHostsResponse> {
  const after = hosts()
    .filter((id) => id > pageToken)
    .sort();
  async function* told(): AsyncGenerator<FleetHost> {
    for (const [at, id] of after.entries()) {
      if (at % AT_ONCE === AT_ONCE - 1) await othersFirst(); // K1
      yield hostToWire(id, partition, roomOf(id).operator);
    }
  }
  const countMax = pageSize === 0 ? after.length : pageSize;
  const { items } = await pageOf(
    told(),
    countMax,
    (host) => FleetHost.encode(host).finish().length,
  );
  const hasMore = items.length < after.length;
  return { hosts: items, nextPageToken: hasMore ? (items.at(-1)?.id ?? '') : '', unserved: [] };
}
