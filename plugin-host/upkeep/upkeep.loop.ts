// Clearing away what nobody needs any more: at the start, and again every while, whatever fills the
// disk. One chore after the other; one that fails is told, and stops no other.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';

/** Long enough to cost nothing, short enough for a disk that fills in an evening (ours). */
export const UPKEEP_EVERY_MS = 600_000;

export interface Chore {
  readonly what: string;
  readonly act: () => Promise<void>;
}

export function startUpkeep(
  chores: readonly Chore[],
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Closeable {
  let cancel: CancelTimer = () => undefined;
  let closed = false;

  async function round(): Promise<void> {
    for (const { what, act } of chores) {
      if (closed) return;
      await act().catch((error: unknown) => {
        log.warn({ err: error, what }, 'could not clear away');
      });
    }
    if (closed) return;
    cancel = clock.after(UPKEEP_EVERY_MS, () => {
      going = round();
    });
  }

  let going = round();
  return {
    close: async () => {
      closed = true;
      cancel();
      await going;
    },
  };
}
