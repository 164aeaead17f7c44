// Slots: how many runs at once, and what never runs beside what.

import { fetchHosts } from '../../bundle/grant.js';
import { valueOf, type Readings } from '../../conditions/reading.js';
import type { Reason } from '../../conditions/reason.js';
import type { Policy } from '../policy/policy.js';
import type { ActionName } from '../runs/run.js';
import type { Work } from '../runs/update.js';
import type { UpdaterState } from '../world/world.js';
import { weightOf } from './requirements.js';

/** What occupies a slot, or would. */
export interface Occupant {
  readonly runId: string;
  readonly updaterId: string;
  readonly action: ActionName;
  readonly work: Work;
  /** Its updater, as an operator accepted it; undefined: nobody knows where it downloads from. */
  readonly accepted: UpdaterState['accepted'];
}

/** Whether a reason goes away with what holds a slot. */
export function isSlotReason({ code }: Reason): boolean {
  return code === 'SLOT_TAKEN' || code === 'CONFLICT';
}

const SMALL_CORES = 2;

/** Why `wanted` cannot run beside what runs; empty when it can. */
export function slotObjections(
  wanted: Omit<Occupant, 'runId'>,
  running: readonly Occupant[],
  policy: Policy,
  readings: Readings,
): Reason[] {
  if (running.length === 0) return []; // As most of the time: every slot is there, and no conflict.
  return [
    ...capacityObjections(wanted, running, policy, readings),
    ...running.flatMap((other) => conflictWith(wanted, other)),
  ];
}

function capacityObjections(
  wanted: Omit<Occupant, 'runId'>,
  running: readonly Occupant[],
  { slots }: Policy,
  readings: Readings,
): Reason[] {
  const taken = (others: readonly Occupant[], max: number): Reason[] =>
    others.length < max ? [] : [slotTaken(others, max)];
  const all = isSmall(readings) ? taken(running, slots.small) : [];
  if (all.length > 0) return all;
  const changes = (action: ActionName): boolean => weightOf(action) === 'change';
  const sameClass = running.filter((other) => changes(other.action) === changes(wanted.action));
  return taken(sameClass, changes(wanted.action) ? slots.change : slots.fetch);
}

function slotTaken(others: readonly Occupant[], limit: number): Reason {
  const message = `${others.map(nameOf).join(', ')} ${others.length === 1 ? 'has the slot' : 'have the slots'}`;
  const about = others.map(({ runId }) => runId).join(', ');
  return { code: 'SLOT_TAKEN', message, about, measured: others.length, limit, unit: 'count' };
}

/** As an operator knows it: "install npm:json5 (run-3)". */
function nameOf({ runId, action, updaterId, work }: Occupant): string {
  return `${action} ${work.kind === 'scan' ? updaterId : work.update.id} (${runId})`;
}

/** A rotating disk or two cores bear one run. What is not known counts as small. */
export function isSmall(readings: Readings): boolean {
  const cores = valueOf(readings, 'cpu.cores');
  const rotating = valueOf(readings, 'disk.rotating');
  return (
    !(cores.kind === 'number' && cores.number > SMALL_CORES) ||
    !(rotating.kind === 'flag' && !rotating.flag)
  );
}

function conflictWith(wanted: Omit<Occupant, 'runId'>, other: Occupant): Reason[] {
  const conflict = (why: string): Reason[] => [
    { code: 'CONFLICT', message: `${nameOf(other)} is under way: ${why}`, about: other.runId },
  ];
  if (wanted.updaterId === other.updaterId) return conflict('one run per updater at a time');
  if (wanted.work.kind === 'scan' || other.work.kind === 'scan') return [];
  if (wanted.action === 'download' && other.action === 'download') {
    const theirs = new Set(upstreamOf(other));
    const host = upstreamOf(wanted).find((each) => theirs.has(each));
    if (host !== undefined) return conflict(`both download from ${host}`);
  }
  const [mine, theirs] = [wanted.work.update, other.work.update];
  if (mine.exclusive || theirs.exclusive) return conflict('exclusive');
  const shared = mine.conflictKeys.find((key) => theirs.conflictKeys.includes(key));
  return shared === undefined ? [] : conflict(`both need "${shared}"`);
}

/** The hosts that it may download from. */
function upstreamOf({ accepted }: Pick<Occupant, 'accepted'>): string[] {
  return accepted === undefined ? [] : fetchHosts(accepted.version.manifest, accepted.settings);
}
