// A wave: something has become true for every machine of a partition at once. They take their turns in
// slices, so that what comes meanwhile is heard. How many of them begin something is a matter of pace.loop.ts.

/** Machines whose turns come between two looks at the network. */
const SLICE = 4;

export interface Wave {
  /** Something may start: one slice after the other. */
  rise(wakes: readonly (() => void)[]): void;
  /** Something must stop: as fast as turns can be taken. */
  fall(wakes: readonly (() => void)[]): void;
  close(): void;
}

export function createWave(soon: (fn: () => void) => void = setImmediate): Wave {
  let rising: (() => void)[] = [];
  let isRising = false;
  let closed = false;

  function riseOn(): void {
    if (closed) return;
    if (rising.length === 0) {
      isRising = false;
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
    },
  };
}
