// Groups: how many machines may change something at once.

import type { Reason } from '../../conditions/reason.js';
import type { Group, Policy } from '../policy/policy.js';
import { actionOf, holdsSlot, type ActionName } from '../runs/run.js';
import type { World } from '../world/world.js';
import type { HostView } from './host-view.js';
import type { Plan } from './plan.js';
import { weightOf } from './requirements.js';

/** Whether as many other machines of one of the host's groups as may are changing something. */
export function groupObjections(
  host: Pick<HostView, 'id' | 'places'>,
  action: ActionName,
  world: World,
  policy: Policy,
): Reason[] {
  if (weightOf(action) !== 'change') return [];
  return groupsOf(host.id, policy).flatMap((group): Reason[] => {
    const others =
      host.places === undefined ? changing(host.id, group, world) : sharedWith(group, host.places);
    if (others === undefined) return [];
    const { measured, message } = others;
    const counted = { measured, limit: group.atOnceMax, unit: 'count' } as const;
    return [{ code: 'GROUP_FULL', message, about: group.name, ...counted }];
  });
}

/** The groups that a machine is in. */
export function groupsOf(hostId: string, { groups }: Pick<Policy, 'groups'>): readonly Group[] {
  return groups.filter(({ hosts }) => hosts.some((pattern) => coversHost(pattern, hostId)));
}

interface Full {
  readonly measured: number;
  readonly message: string;
}

/** Of machines that this orchestrator serves. @returns undefined where there is a place. */
function changing(hostId: string, group: Group, world: World): Full | undefined {
  const { name, atOnceMax } = group;
  const others = changingMachines(group, world);
  others.delete(hostId);
  if (others.size < atOnceMax) return undefined;
  return { measured: others.size, message: fullText(name, others.size, atOnceMax) };
}

/** Machines of a group that are changing something, and since when, ms since the epoch. */
export function changingMachines({ hosts }: Group, { runs }: World): Map<string, number> {
  const machines = new Map<string, number>();
  for (const run of runs.values()) {
    const changes = holdsSlot(run) && weightOf(actionOf(run)) === 'change';
    if (!changes || !hosts.some((pattern) => coversHost(pattern, run.hostId))) continue;
    machines.set(run.hostId, Math.min(machines.get(run.hostId) ?? Infinity, run.admittedAtMs));
  }
  return machines;
}

/** By the places that are shared. @returns undefined where it has one. */
function sharedWith(
  { name, atOnceMax }: Group,
  places: NonNullable<HostView['places']>,
): Full | undefined {
  const place = places.get(name);
  if (place?.kind === 'held') return undefined;
  if (place === undefined) return { measured: 0, message: `its place in ${name} is asked for` };
  const { holders } = place;
  return { measured: holders.length, message: fullText(name, holders.length, atOnceMax) };
}

function fullText(name: string, count: number, most: number): string {
  return `${String(count)} of at most ${String(most)} machines of ${name} are changing something`;
}

/** What a machine has to do with its groups: it changes something, would if it had a place, or neither. */
export type PlaceNeed = 'has to have' | 'would use' | 'needs none';

/** A run that was cut is not over: the machine may be half-way. */
export function placeNeed({ admit, waiting }: Plan, world: World): PlaceNeed {
  const changes = (action: ActionName): boolean => weightOf(action) === 'change';
  const running = [...world.runs.values()].some((run) => changes(actionOf(run)));
  if (running || admit.some(({ subject }) => changes(subject.action))) return 'has to have';
  const lacksIt = waiting.some(
    ({ reasons }) => reasons.length > 0 && reasons.every(({ code }) => code === 'GROUP_FULL'),
  );
  return lacksIt ? 'would use' : 'needs none';
}

function coversHost(pattern: string, id: string): boolean {
  return pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : pattern === id;
}
