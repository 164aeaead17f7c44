// Commands about a fleet.

import type { FleetHost } from '../../proto/gen/lull/operator/v1/fleet.js';
import { unary } from '../../runtime/grpc.js';
import { CALL_MS_MAX, withFleet } from '../clients.grpc.js';

export interface Fleet {
  readonly hosts: readonly FleetHost[];
  /** Partitions that nobody answers for: their machines are missing. */
  readonly unserved: readonly string[];
}

/** Every machine that an orchestrator has heard of, by name. */
export function askFleet(runDir: string): Promise<Fleet> {
  return withFleet(runDir, async (fleet) => {
    const hosts: FleetHost[] = [];
    const unserved = new Set<string>();
    let pageToken = '';
    do {
      const request = { pageSize: 0, pageToken };
      const page = await unary(fleet.listHosts.bind(fleet), request, { deadlineMs: CALL_MS_MAX });
      hosts.push(...page.hosts);
      for (const partition of page.unserved) unserved.add(partition);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    return { hosts, unserved: [...unserved] };
  });
}
