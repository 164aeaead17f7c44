// A wave: something has become true for every machine of a partition at once. They take their turns in
// slices, so that what comes meanwhile is heard, and no more start than the journal and the network carry.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Fact } from '../journal/fact.js';

/** Machines whose turns come between two looks at the network. */
const SLICE = 4;
/** Machines of a partition that run something when the next slice of a wave may start. */
const RUNNING_MAX = 64;
const LOOK_EVERY_MS = 50;

export interface Wave {
  /** What the journal says: who runs something. */
  see(fact: Fact): void;
  /** Something may start: one slice after the other, while not too many run. */
  rise(wakes: readonly (() => void)[]): void;
  /** Something must stop: as fast as turns can be taken. */
  fall(wakes: readonly (() => void)[]): void;
  close(): void;
}

export function createWave(clock: Clock, soon: (fn: () => void) => void = setImmediate): Wave {
  const running = new Set<string>();
  let rising: (() => void)[] = [];
  let isRising = false;
  let cancel: CancelTimer = () => undefined;
  let closed = false;

  function riseOn(): void {
    if (closed) return;
    if (rising.length === 0) {
      isRising = false;
      return;
    }
    if (running.size >= RUNNING_MAX) {
      cancel = clock.after(LOOK_EVERY_MS, riseOn);
      return;
    }
    for (const wake of rising.splice(0, SLICE)) wake();
    soon(riseOn);
  }

  function fallOn(wakes: (() => void)[]): void {
    if (closed) return;
    for (const wake of wakes.splice(0, SLICE)) wake();
    if (wakes.length > 0) {
      soon(() => {
        fallOn(wakes);
      });
    }
  }

  return {
    see: ({ kind, machine }) => {
      if (machine === undefined) return;
      if (kind === 'run.admitted') running.add(machine);
      if (kind === 'run.finished' || kind === 'run.interrupted') running.delete(machine);
    },
    // A newer wave takes the older one's place: every machine is in it.
    rise: (wakes) => {
      rising = [...wakes];
      if (isRising) return;
      isRising = true;
      riseOn();
    },
    fall: (wakes) => {
      fallOn([...wakes]);
    },
    close: () => {
      closed = true;
      cancel();
    },
  };
}
