// Rounds of the same work, one after the other and never two at once: at a pace, or as soon as somebody
// cannot wait for the next one.

import type { CancelTimer, Clock } from '../../runtime/clock.js';

export interface Rounds {
  /** Begins the first one. Once; until then nothing is hastened. */
  start(): void;
  /** The next one begins now, or when the present one is over. */
  hasten(): void;
  /** Resolves when the present one is over; there is no other. */
  stop(): Promise<void>;
}

/** @param round does not reject. */
export function keepRounds(
  round: () => Promise<void>,
  { everyMs, clock }: { readonly everyMs: number; readonly clock: Clock },
): Rounds {
  let present: Promise<void> | undefined;
  let hastened = false;
  let started = false;
  let stopped = false;
  let cancel: CancelTimer = () => undefined;

  function begin(): void {
    cancel();
    hastened = false;
    present = round().then(() => {
      present = undefined;
      if (stopped) return;
      if (hastened) begin();
      else cancel = clock.after(everyMs, begin);
    });
  }

  return {
    start: () => {
      started = true;
      begin();
    },
    hasten: () => {
      if (!started || stopped) return;
      if (present === undefined) begin();
      else hastened = true;
    },
    stop: async () => {
      stopped = true;
      cancel();
      await present;
    },
  };
}
