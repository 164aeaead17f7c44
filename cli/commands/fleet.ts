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
/** An order about all rollouts of an updater may be thousands of entries. */
const patient = { deadlineMs: 60_000 };

/** Rollouts, and how many there are besides. */
export interface Rollouts {
  readonly rollouts: readonly Rollout[];
  readonly more: number;
}

/** Updates on their way through the rings, the newest first. */
export async function askRollouts(at: OrchestratorAt): Promise<Rollouts> {
  return withFleet(at, async (fleet) => {
    const rollouts: Rollout[] = [];
    let pageToken = '';
    do {
      const request = { pageSize: 0, pageToken };
      const page = await unary(fleet.listRollouts.bind(fleet), request, options);
      rollouts.push(...page.rollouts);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    return { rollouts, more: 0 };
  });
}

export async function stopRollout(
  at: OrchestratorAt,
  subject: string,
  why: string,
): Promise<Rollouts> {
  const request = { subject, why };
  return withFleet(at, (fleet) => unary(fleet.stopRollout.bind(fleet), request, patient));
}

export async function resumeRollout(at: OrchestratorAt, subject: string): Promise<Rollouts> {
  return withFleet(at, (fleet) => unary(fleet.resumeRollout.bind(fleet), { subject }, patient));
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
