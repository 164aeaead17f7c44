// The second question: is now a good moment? Which requirements an action has to start, to go on and
// to be taken up again, at each level of intrusion.
//
//               person away   load, network, mains   attention, heat, saver, apps   battery, disk, way out
//   silent           yes              yes                       yes                         yes
//   gentle                            yes                       yes                         yes
//   noticeable                                                  yes                         yes
//   forced                                                                                  yes
//
// Invariants:
//   Q1. The last column is asked at every level: no deadline and no operator relaxes it.
//   Q2. The guard stands one word of heat more than what is asked to start: a run warms the machine, and
//       must not hold itself up by that (decision 156). What was held up for heat cools down first.

import { thermalWords, type PercentSignal, type ThermalWord } from '../../conditions/reading.js';
import type { WantedAbsence } from '../../conditions/presence.js';
import type { Requirement } from '../../conditions/requirement.js';
import { BULK_BYTES } from '../../conditions/network.js';
import type { Policy } from '../policy/policy.js';
import { atLeast, type Intrusion } from '../runs/intrusion.js';
import type { ActionName } from '../runs/run.js';
import type { Work } from '../runs/update.js';
import type { UpdateState } from '../world/world.js';

/** How much a person would notice it: reading, fetching, or changing what they use. */
export type Weight = 'look' | 'fetch' | 'change';

export function weightOf(action: ActionName): Weight {
  switch (action) {
    case 'scan':
      return 'look';
    case 'download':
      return 'fetch';
    case 'install':
    case 'verify':
    case 'rollback':
    case 'uninstall':
    case 'restart_app':
    case 'reboot':
    case 'revert':
      return 'change';
  }
}

/**
 * What follows an install: until it is done, nobody knows whether what is installed works. It waits for
 * a person to leave, as everything that runs an updater does, and for neither mains nor a window. An updater
 * that calls something a verify, and has begun nothing here, is believed nothing (decision 174).
 * @param state of its update; undefined: it is not known any more.
 */
export function mends(action: ActionName, state: Pick<UpdateState, 'begun'> | undefined): boolean {
  if (action === 'revert') return true;
  return (action === 'verify' || action === 'rollback') && state?.begun === true;
}

export interface Want {
  readonly action: ActionName;
  readonly work: Work;
  readonly level: Intrusion;
  /** Of its update; absent: of a scan, or it is not known any more. */
  readonly state?: Pick<UpdateState, 'begun'>;
}

export interface StartOptions {
  /** The directory that takes downloads, and what is unpacked of them. */
  readonly diskPath: string;
  /** The directories into which it is installed: each may be a file system of its own. */
  readonly installRoots: readonly string[];
  /** No run of ours is still in the measurements. */
  readonly quietSinceOwnRun: boolean;
  /** Whether its updater may reach anybody at all. */
  readonly usesNetwork: boolean;
}

/** What must hold to start. */
export function toStart(want: Want, policy: Policy, options: StartOptions): Requirement[] {
  const { waiting } = policy;
  const changes = weightOf(want.action) === 'change' && !mends(want.action, want.state);
  const { setUpMs, bootMs, resumeMs, loginMs } = waiting;
  return [
    ...away(want, {
      forMs: changes ? waiting.awayForInstallMs : waiting.awayMs,
      lockedForMs: waiting.lockedMs,
      darkForMs: waiting.darkMs,
    }),
    ...(atLeast(want.level, 'noticeable') ? [] : busyRequirements(want, policy, options)),
    ...comfort(want, policy),
    ...(want.level === 'forced'
      ? []
      : [{ kind: 'settled', setUpMs, bootMs, resumeMs, loginMs } as const]),
    ...power(want, policy.battery.startPercent),
    ...wayOut(want, options),
    ...locks(want.work),
    ...space(want.work, policy, options),
    ...(want.action === 'reboot' ? [{ kind: 'no-remote-session' } as const] : []),
  ];
}

/** The guard: what must go on holding. A person who is away for a moment is away. */
export function toContinue(want: Want, policy: Policy): Requirement[] {
  if (want.action === 'revert') return mendingGuard(policy);
  const { change, look } = policy.heat;
  const heat = { change: oneHotter(change), look: oneHotter(look) }; // Q2
  return [
    ...away(want, {}),
    ...comfort(want, { ...policy, heat }),
    ...power(want, policy.battery.continuePercent),
  ];
}

/** What must hold while the host puts something back: nothing that could wait is asked. */
export function mendingGuard({ battery }: Policy): Requirement[] {
  return [{ kind: 'battery-above', percent: battery.continuePercent }];
}

/** What must hold to take a paused run up again. */
export function toResume(want: Want, policy: Policy): Requirement[] {
  if (want.action === 'revert') return mendingGuard(policy);
  return [
    ...away(want, {
      forMs: policy.waiting.awayToResumeMs,
      lockedForMs: policy.waiting.lockedMs,
      darkForMs: policy.waiting.darkMs,
    }),
    ...comfort(want, policy),
    ...power(want, policy.battery.continuePercent),
  ];
}

/** Somebody who is away for a moment is away; more is wanted to start and to go on. */
function away({ level }: Want, wanted: Partial<WantedAbsence>): Requirement[] {
  return level === 'silent' ? [{ kind: 'person-away', forMs: 0, ...wanted }] : [];
}

/** What others are doing with the machine. */
function busyRequirements(
  { action }: Want,
  policy: Policy,
  { quietSinceOwnRun }: { readonly quietSinceOwnRun: boolean },
): Requirement[] {
  if (!quietSinceOwnRun) return [];
  const load = (Object.entries(policy.load) as [PercentSignal, number][]).map(
    ([signal, percent]): Requirement => ({ kind: 'below', signal, percent }),
  );
  const bytesPerS = policy.network.othersBytesPerSMax;
  return weightOf(action) === 'fetch' ? [...load, { kind: 'network-quiet', bytesPerS }] : load;
}

function comfort({ action, work, level }: Want, policy: Policy): Requirement[] {
  if (level === 'forced') return [];
  const { meteredBytesMax: bytesMax, meteredUnknownBytesMax: unknownBytesMax } = policy.network;
  const weight = weightOf(action);
  const hottest = weight === 'change' ? policy.heat.change : policy.heat.look;
  return [
    policy.ignoredAttention.length === 0
      ? { kind: 'undisturbed' }
      : { kind: 'undisturbed', ignoring: policy.ignoredAttention },
    { kind: 'no-power-saver' },
    { kind: 'cool', hottest },
    ...(weight === 'fetch' && bytesOf(work) > bytesMax
      ? [{ kind: 'unmetered', bytes: bytesOf(work), bytesMax, unknownBytesMax } as const]
      : []),
  ];
}

function oneHotter(word: ThermalWord): ThermalWord {
  return thermalWords[thermalWords.indexOf(word) + 1] ?? word;
}

/** An update that does not say how large it is counts as 50 MB: by default as just not bulk. */
function bytesOf(work: Work): number {
  return work.kind === 'scan' ? 0 : (work.update.downloadBytes ?? BULK_BYTES);
}

/**
 * An install wants mains until it is overdue: a machine that never sees any would wait for ever. Then
 * the battery's minimum stands (Q1).
 */
function power({ action, level, state }: Want, percent: number): Requirement[] {
  const canWait = !atLeast(level, 'noticeable');
  if (weightOf(action) === 'change' && canWait && !mends(action, state)) return [{ kind: 'on-ac' }];
  return [{ kind: 'battery-above', percent }];
}

/** What is brought already is installed without a network, where its updater does not say otherwise. */
function wayOut({ action, work }: Want, { usesNetwork }: StartOptions): Requirement[] {
  if (!usesNetwork) return [];
  const reaches =
    weightOf(action) !== 'change' ||
    (action === 'install' && work.kind === 'perform' && work.update.needsNetwork === true);
  return reaches ? [{ kind: 'connected' }] : [];
}

/** A conflict key "lock:dpkg" names the native lock that the update needs. */
function locks(work: Work): Requirement[] {
  if (work.kind === 'scan') return [];
  return work.update.conflictKeys
    .filter((key) => key.startsWith('lock:'))
    .map((key) => ({ kind: 'lock-free', name: key.slice('lock:'.length) }));
}

/** Downloads and what is unpacked of them lie in one place; what is installed, in each root besides. */
function space(
  work: Work,
  { disk }: Policy,
  { diskPath, installRoots }: Pick<StartOptions, 'diskPath' | 'installRoots'>,
): Requirement[] {
  if (work.kind === 'scan') return [];
  const { downloadBytes = 0, installBytes = 0 } = work.update;
  const freeAt = (path: string, neededBytes: number): Requirement => ({
    kind: 'disk-free',
    path,
    bytes: Math.ceil(neededBytes * (1 + disk.marginShare) + disk.freeBytesMin),
  });
  return [
    freeAt(diskPath, downloadBytes + installBytes),
    ...installRoots
      .filter((root) => root !== diskPath)
      .map((root): Requirement => freeAt(root, installBytes)),
  ];
}
