// Whether it was a moment for something, by one policy and one sight of the machine, in the auditor's
// own words. Each answers what was wrong, or nothing.

import type { Policy } from '../../orchestrator/policy/policy.js';
import type { Intrusion } from '../../orchestrator/runs/intrusion.js';
import type { Work } from '../../orchestrator/runs/update.js';
import type { Sight } from './truth.js';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;

export interface Begin {
  readonly runId: string;
  readonly level: Intrusion;
  /** It changes what people use. */
  readonly changes: boolean;
  /** It looks after what was changed, and waits for neither mains nor a window. */
  readonly mends: boolean;
  /** Since the last run of ours ended; negative: one is on. */
  readonly quietForMs: number;
  readonly atMs: number;
}

/** J5, J9. */
export function beginFault(
  { runId, level, changes, mends, quietForMs, atMs }: Begin,
  { waiting, ownLoadMs, windows }: Policy,
  sight: Sight,
): string {
  // What is overdue waits neither for mains, nor for others, nor for a window.
  const canWait = level === 'silent' || level === 'gentle';
  if (canWait && !mends && !isInWindow(windows, atMs))
    return `J9: ${runId} begins outside of every window`;
  if (canWait && changes && !sight.mains) return `J5: ${runId} begins on battery`;
  if (canWait && quietForMs >= ownLoadMs && sight.othersBusy)
    return `J5: ${runId} begins beside others`;
  const forMs = changes ? waiting.awayForInstallMs : waiting.awayMs;
  return level === 'silent' ? besideSomebody(runId, forMs, waiting, atMs, sight) : '';
}

/** J10. */
export function restartFault(
  wanted: boolean,
  warnedMs: number,
  { restarts, restartWarningMs }: Policy,
  { remote }: Sight,
): string {
  if (!wanted && restarts !== 'allow') return 'J10: nobody wants the machine to restart';
  if (warnedMs < restartWarningMs) return 'J10: nobody was warned of the restart';
  return remote ? 'J10: the machine restarts under somebody from elsewhere' : '';
}

export function besideSomebody(
  runId: string,
  forMs: number,
  { lockedMs, darkMs }: Policy['waiting'],
  atMs: number,
  { awaySinceMs = Number.POSITIVE_INFINITY, locked, dark }: Sight,
): string {
  const screenMs = dark ? darkMs : forMs;
  const neededMs = Math.min(forMs, locked ? lockedMs : screenMs);
  if (atMs - awaySinceMs >= neededMs) return '';
  return `J5: ${runId} begins or goes on beside a person, or too soon after one left`;
}

/** In UTC, and of windows that end on the day on which they begin: those of the simulated policies. */
function isInWindow(windows: Policy['windows'], atMs: number): boolean {
  const minute = Math.floor(atMs / MINUTE_MS) % DAY_MINUTES;
  const open = windows.some(
    ({ fromMinute, toMinute }) => fromMinute <= minute && minute < toMinute,
  );
  return windows.length === 0 || open;
}

export function changes(work: Work): boolean {
  return work.kind === 'perform' && work.update.nextAction !== 'download' && !mends(work);
}

export function mends(work: Work): boolean {
  return work.kind === 'perform' && ['verify', 'rollback'].includes(work.update.nextAction);
}
