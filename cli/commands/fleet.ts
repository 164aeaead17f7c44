// Commands about a fleet.

import type { FleetHost, Group, Rollout } from '../../proto/gen/lull/operator/v1/fleet.js';
import { unary } from '../../runtime/grpc.js';
import { CALL_MS_MAX, withFleet, type OrchestratorAt } from '../clients.grpc.js';

export interface Fleet {
  readonly hosts: readonly FleetHost[];
  /** Partitions that nobody answers for: their machines are missing. */
  readonly unserved: readonly string[];
}

/** Every machine that an orchestrator has heard of, by name. */
export function askFleet(at: OrchestratorAt): Promise<Fleet> {
  return withFleet(at, async (fleet) => {
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
export async function askRollouts(at: OrchestratorAt): Promise<Rollout[]> {
  return withFleet(at, async (fleet) => {
    const { rollouts } = await unary(fleet.listRollouts.bind(fleet), {}, options);
    return rollouts;
  });
}

export async function stopRollout(
  at: OrchestratorAt,
  subject: string,
  why: string,
): Promise<Rollout[]> {
  return withFleet(at, async (fleet) => {
    const request = { subject, why };
    const { rollouts } = await unary(fleet.stopRollout.bind(fleet), request, options);
    return rollouts;
  });
}

export async function resumeRollout(at: OrchestratorAt, subject: string): Promise<Rollout[]> {
  return withFleet(at, async (fleet) => {
    const { rollouts } = await unary(fleet.resumeRollout.bind(fleet), { subject }, options);
    return rollouts;
  });
}

/** The groups of the policy, and who has a place in them. */
export async function askGroups(at: OrchestratorAt): Promise<Group[]> {
  return withFleet(at, async (fleet) => {
    const { groups } = await unary(fleet.listGroups.bind(fleet), {}, options);
    return groups;
  });
}

/** Takes a place back from a machine that is gone for good. */
export async function releasePlace(
  at: OrchestratorAt,
  group: string,
  hostId: string,
): Promise<void> {
  await withFleet(at, (fleet) => unary(fleet.releasePlace.bind(fleet), { group, hostId }, options));
}
