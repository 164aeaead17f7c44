// Machines of a fleet as a table.

import type { Group } from '../../proto/gen/lull/operator/v1/fleet.js';
import type { Fleet, Rollouts } from '../commands/fleet.js';
import { localTime } from './local-time.js';
import { table } from './table.js';

export function showFleet({ hosts, unserved }: Fleet): string {
  const head = ['MACHINE', 'PARTITION', 'ATTACHED', 'LEVEL', 'PERSON', 'RUNNING', 'WAITING'];
  const rows = hosts.map((host) => [
    ...[host.id, host.partition, host.attached ? 'yes' : 'no', host.confinement || '-'],
    ...[host.presence, String(host.running), String(host.waiting)],
  ]);
  const machines = hosts.length === 0 ? 'no machine has been heard of yet' : table([head, ...rows]);
  if (unserved.length === 0) return machines;
  const missing = `no orchestrator answers for ${unserved.join(', ')}: their machines are missing here`;
  return `${machines}\n${missing}`;
}

export function showRollouts({ rollouts, more }: Rollouts): string {
  if (rollouts.length === 0)
    return 'no update is on its way: rings stand in the policy, as rollout.rings';
  const head = ['UPDATE', 'VERSION', 'SINCE', 'RING', 'NEXT RING', 'FAILED', 'STATE'];
  const rows = rollouts.map((each) => [
    ...[`${each.updaterId}/${each.updateId}`, each.toVersion],
    ...[localTime(Number(each.startedUnixMs)), each.ring || '-'],
    each.nextRingUnixMs === 0n ? '-' : localTime(Number(each.nextRingUnixMs)),
    each.failed.map(({ hostId, ring }) => `${hostId} (${ring})`).join(', ') || '-',
    each.stopped === '' ? 'goes on' : `stopped: ${each.stopped}`,
  ]);
  const shown = table([head, ...rows]);
  return more === 0 ? shown : `${shown}\nand ${String(more)} more: "lull fleet rollout" lists all`;
}

export function showGroups(groups: readonly Group[]): string {
  if (groups.length === 0) return 'the policy has no groups';
  const rows = groups.map(({ name, atOnceMax, holders }) => [
    ...[name, `${String(holders.length)} of ${String(atOnceMax)}`],
    holders
      .map(({ hostId, sinceUnixMs }) => `${hostId} since ${localTime(Number(sinceUnixMs))}`)
      .join(', ') || '-',
  ]);
  return table([['GROUP', 'PLACES TAKEN', 'BY'], ...rows]);
}
