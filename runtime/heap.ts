// How much memory the JavaScript heap takes beside what is in use.

import { setFlagsFromString } from 'node:v8';
import type { CancelTimer, Clock } from './clock.js';
import type { Closeable } from './shutdown.js';

/** V8 would let a heap grow to two or three times what is in use before it looks what is not. */
const GROWING_PERCENT = 10;
/** While much comes at once. */
const BURST_GROWING_PERCENT = 40;

/** Swept sooner, and pages that are mostly empty are emptied and given back. */
function keepCompact(): void {
  setFlagsFromString(`--heap-growing-percent=${String(GROWING_PERCENT)}`);
  setFlagsFromString('--optimize-for-size');
}

/**
 * By several threads: states come all the time, and one thread alone took a fifth more of a processor for it
 * (decision 193). What only stays on a machine has one collect its megabyte.
 */
function shareCollecting(): void {
  setFlagsFromString('--parallel-scavenge');
}

function letGrow(): void {
  setFlagsFromString(`--heap-growing-percent=${String(BURST_GROWING_PERCENT)}`);
  setFlagsFromString('--no-optimize-for-size');
}

export interface CompactHeap extends Closeable {
  /** Much comes at once now: lets the heap grow until `forMs` have passed without another call. */
  burst(forMs: number): void;
}

/**
 * For a process that keeps the states of thousands of machines: a quarter less memory, and slower where
 * much is new (decision 118). In a burst it is quick instead (decision 142).
 */
export function compactHeap(clock: Clock): CompactHeap {
  let cancel: CancelTimer = () => undefined;
  keepCompact();
  shareCollecting();
  return {
    burst: (forMs) => {
      cancel();
      letGrow();
      // What it has grown to is given back by V8 itself, some ten seconds later.
      cancel = clock.after(forMs, keepCompact);
    },
    close: () => {
      cancel();
    },
  };
}
