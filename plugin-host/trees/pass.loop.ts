// Both sides of a pass: what freezes a run sets it in the same turn, and a thread stands at it.

import { HostError } from '../channel/host-failure.js';
import { states, type Pass } from './pass.js';

/** Whoever stands at it goes on, or learns that it is over. */
export function setPass(pass: Pass, state: keyof typeof states): void {
  const cell = new Int32Array(pass);
  Atomics.store(cell, 0, states[state]);
  Atomics.notify(cell, 0);
}

/** Returns while it is open; stands still, thread and all, while it is frozen. @throws HostError RUN_OVER. */
export function standAt(pass: Pass): void {
  const cell = new Int32Array(pass);
  while (Atomics.load(cell, 0) === states.frozen) Atomics.wait(cell, 0, states.frozen);
  if (Atomics.load(cell, 0) === states.over) throw new HostError('RUN_OVER', 'the run is over');
}
