// Commands about a fleet.

import type { FleetHost, Rollout } from '../../proto/gen/lull/operator/v1/fleet.js';
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

const options = { deadlineMs: CALL_MS_MAX };

/** Updates on their way through the rings, the newest first. */
export async function askRollouts(runDir: string): Promise<Rollout[]> {
  return withFleet(runDir, async (fleet) => {
    const { rollouts } = await unary(fleet.listRollouts.bind(fleet), {}, options);
    return rollouts;
  });
}

export async function stopRollout(
  runDir: string,
  subject: string,
  why: string,
): Promise<Rollout[]> {
  return withFleet(runDir, async (fleet) => {
    const request = { subject, why };
    const { rollouts } = await unary(fleet.stopRollout.bind(fleet), request, options);
    return rollouts;
  });
}

export async function resumeRollout(runDir: string, subject: string): Promise<Rollout[]> {
  return withFleet(runDir, async (fleet) => {
    const { rollouts } = await unary(fleet.resumeRollout.bind(fleet), { subject }, options);
    return rollouts;
  });
}
