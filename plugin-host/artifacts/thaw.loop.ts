// Waiting for a frozen run, for as long as it is worth holding something open for it.

import type { Clock } from '../../runtime/clock.js';
import type { HostedRun } from '../channel/hosted-run.js';

/**
 * True at once for a run that is not frozen, and when it thaws within `ms`; else false.
 * @throws when the run is over.
 */
export async function thawedWithin(
  run: Pick<HostedRun, 'thawed' | 'isHeld' | 'over'>,
  clock: Clock,
  ms: number,
): Promise<boolean> {
  // Asked with each piece of a download: a timer and its promises would be a fifth of what those leave.
  if (!run.isHeld() && !run.over.aborted) return true;
  let cancel: (() => void) | undefined;
  const tooLong = new Promise<boolean>((resolve) => {
    cancel = clock.after(ms, () => {
      resolve(false);
    });
  });
  try {
    return await Promise.race([run.thawed().then(() => true), tooLong]);
  } finally {
    cancel?.();
  }
}
