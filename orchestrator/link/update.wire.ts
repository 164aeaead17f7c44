// Updates on the wire and in the core. Generated types stop here.

import { actionFromWire, actionToWire } from '../../proto/wire/action.js';
import { severityMember, severityToWire } from '../../proto/wire/severity.js';
import type { Update as WireUpdate } from '../../proto/gen/lull/updater/v1/updater.js';
import {
  boundedUpdate,
  isUpdateId,
  updateProblem,
  type ReceivedUpdate,
  type Update,
} from '../runs/update.js';

export function updateToWire(update: Update): WireUpdate {
  return {
    id: update.id,
    title: update.title,
    fromVersion: update.fromVersion,
    toVersion: update.toVersion,
    downloadBytes: bigOrAbsent(update.downloadBytes),
    installBytes: bigOrAbsent(update.installBytes),
    security: update.security,
    releaseNotesUrl: update.releaseNotesUrl,
    deadlineUnixMs: bigOrAbsent(update.deadlineAtMs),
    needs: {
      network: update.needsNetwork ?? false,
      closedApps: [...update.closedApps],
      // Reserved.
      restartApp: false,
      reboot: false,
    },
    exclusive: update.exclusive,
    conflictKeys: [...update.conflictKeys],
    expectedS: update.expectedS,
    nextAction: actionToWire(update.nextAction),
    severity: severityToWire(update.severity),
    digest: update.digest ?? '',
  };
}

/** The update, bounded and safe to show, or what is wrong with it. */
export function updateFromWire(wire: WireUpdate): ReceivedUpdate {
  const nextAction = actionFromWire(wire.nextAction);
  if (nextAction === undefined) return invalid(wire, 'it names no next action');
  const update: Update = {
    id: wire.id,
    title: wire.title,
    fromVersion: wire.fromVersion,
    toVersion: wire.toVersion,
    ...numberMember('downloadBytes', wire.downloadBytes),
    ...numberMember('installBytes', wire.installBytes),
    security: wire.security,
    releaseNotesUrl: wire.releaseNotesUrl,
    ...numberMember('deadlineAtMs', wire.deadlineUnixMs),
    closedApps: wire.needs?.closedApps ?? [],
    ...(wire.needs?.network === true ? { needsNetwork: true as const } : {}),
    exclusive: wire.exclusive,
    conflictKeys: wire.conflictKeys,
    ...(wire.expectedS === undefined ? {} : { expectedS: wire.expectedS }),
    nextAction,
    ...severityMember(wire.severity),
    ...(wire.digest === '' ? {} : { digest: wire.digest }),
  };
  const why = updateProblem(update);
  if (why !== undefined) return invalid(wire, why);
  const oddity = oddityOf(wire);
  return {
    kind: 'ok',
    update: boundedUpdate(update),
    ...(oddity === undefined ? {} : { oddity }),
  };
}

/** A scan may have named hundreds: whoever mends it has to know which. */
function invalid({ id }: WireUpdate, why: string): ReceivedUpdate {
  return { kind: 'invalid', why: isUpdateId(id) ? `${id}: ${why}` : why };
}

/** Numbers that mean nothing, in words. */
function oddityOf(wire: WireUpdate): string | undefined {
  const odd = [
    { name: 'download_bytes', value: wire.downloadBytes },
    { name: 'install_bytes', value: wire.installBytes },
    { name: 'deadline_unix_ms', value: wire.deadlineUnixMs },
  ].filter(({ value }) => value !== undefined && !isSensible(value));
  if (odd.length === 0) return undefined;
  const said = odd.map(({ name, value }) => `${name} ${asSaid(value ?? 0n)}`);
  return `${wire.id}: ${said.join(', ')} counts as unknown`;
}

/** As it came; and what was meant where a minus one travelled as an unsigned number. */
function asSaid(value: bigint): string {
  const meant = BigInt.asIntN(64, value);
  return meant === value ? String(value) : `${String(value)} (${String(meant)} without its sign)`;
}

function isSensible(value: bigint): boolean {
  return value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER);
}

function bigOrAbsent(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(Math.round(value));
}

function numberMember<K extends string>(
  name: K,
  value: bigint | undefined,
): Partial<Record<K, number>> {
  // Below nothing, and beyond what a number holds exactly, it means nothing: it is taken as unknown.
  if (value === undefined || !isSensible(value)) return {};
  return { [name]: Number(value) } as Partial<Record<K, number>>;
}
