// The second question: is now a good moment? Which requirements an action has to start, to go on and
// to be taken up again.

import type { PercentSignal } from '../../conditions/reading.js';
import type { Requirement } from '../../conditions/requirement.js';
import type { Policy } from '../policy/policy.js';
import type { ActionName } from '../runs/run.js';
import type { Work } from '../runs/update.js';

/** How much a person would notice it: reading, fetching, or changing what they use. */
type Weight = 'look' | 'fetch' | 'change';

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
      return 'change';
  }
}

/** What must hold to start. `quietSinceOwnRun`: no run of ours is still in the measurements. */
export function toStart(
  action: ActionName,
  work: Work,
  policy: Policy,
  options: { diskPath: string; quietSinceOwnRun: boolean },
): Requirement[] {
  const weight = weightOf(action);
  const awayMs = weight === 'change' ? policy.waiting.awayForInstallMs : policy.waiting.awayMs;
  return [
    { kind: 'person-away', forMs: awayMs },
    ...powerToStart(weight, policy),
    ...(options.quietSinceOwnRun ? loadRequirements(policy) : []),
    ...diskRequirements(work, policy, options.diskPath),
  ];
}

/** The guard: what must go on holding. A person who is away for a moment is away. */
export function toContinue(action: ActionName, policy: Policy): Requirement[] {
  return [{ kind: 'person-away', forMs: 0 }, ...powerToContinue(weightOf(action), policy)];
}

/** What must hold to take a paused run up again. */
export function toResume(action: ActionName, policy: Policy): Requirement[] {
  return [
    { kind: 'person-away', forMs: policy.waiting.awayToResumeMs },
    ...powerToContinue(weightOf(action), policy),
  ];
}

function powerToStart(weight: Weight, policy: Policy): Requirement[] {
  if (weight === 'change') return [{ kind: 'on-ac' }];
  return [{ kind: 'battery-above', percent: policy.battery.startPercent }];
}

function powerToContinue(weight: Weight, policy: Policy): Requirement[] {
  if (weight === 'change') return [{ kind: 'on-ac' }];
  return [{ kind: 'battery-above', percent: policy.battery.continuePercent }];
}

function loadRequirements(policy: Policy): Requirement[] {
  return (Object.entries(policy.load) as [PercentSignal, number][]).map(([signal, percent]) => ({
    kind: 'below',
    signal,
    percent,
  }));
}

function diskRequirements(work: Work, policy: Policy, path: string): Requirement[] {
  if (work.kind === 'scan') return [];
  const { downloadBytes = 0, installBytes = 0 } = work.update;
  const needed = (downloadBytes + installBytes) * (1 + policy.disk.marginShare);
  return [{ kind: 'disk-free', path, bytes: Math.ceil(needed + policy.disk.freeBytesMin) }];
}
