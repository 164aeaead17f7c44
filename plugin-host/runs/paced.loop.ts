// An updater's answers, read no faster than they can be dealt with. Where nothing is read, its socket
// pushes back on it.
//
// Invariants:
//   R1. While what it brought about cannot be told to the orchestrator, nothing more is read (T23).
//   R2. Nobody keeps the loop that holds the guard busy with talk: at most MESSAGES_PER_S.

import type { Clock } from '../../runtime/clock.js';
import { waitOn } from '../egress/wait.loop.js';

/** A scan of the longest that is let through takes four seconds (ours). */
export const MESSAGES_PER_S = 500;

export interface Pacing {
  readonly clock: Clock;
  /** Resolves when there is room for what comes of the next message, or the signal is aborted. */
  readonly room: (signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

export async function* paced<T>(
  messages: AsyncIterable<T>,
  { clock, room, signal }: Pacing,
): AsyncGenerator<T> {
  let sinceMs = clock.now().monotonicMs;
  let count = 0;
  for await (const message of messages) {
    yield message;
    await room(signal); // R1
    count += 1;
    if (count < MESSAGES_PER_S) continue;
    // R2.
    const leftMs = sinceMs + 1_000 - clock.now().monotonicMs;
    if (leftMs > 0) await waitOn(clock, leftMs, signal);
    sinceMs = clock.now().monotonicMs;
    count = 0;
  }
}
