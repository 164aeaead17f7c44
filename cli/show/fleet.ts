// Machines of a fleet as a table.

import type { Fleet } from '../commands/fleet.js';
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
