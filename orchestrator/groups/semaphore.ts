// How many of a group may have a place at once: a counting semaphore whose places have owners.
//
// Invariants:
//   G1. Nobody is given a place while as many as may have one.
//   G2. Whoever has a place may ask again, and has it still; releasing what one has not does nothing.
//   G3. Where fewer may than do, those who have a place keep it, and nobody gets one.

export interface Holder {
  /** Who has the place; nobody else can release it. */
  readonly id: string;
  readonly sinceMs: number;
}

export interface Semaphore {
  /** How many may, as was last said. */
  readonly max: number;
  /** Longest first. */
  readonly holders: readonly Holder[];
}

export type Acquisition =
  | { readonly kind: 'held'; readonly semaphore: Semaphore }
  | { readonly kind: 'refused'; readonly semaphore: Semaphore };

export const empty: Semaphore = { max: 0, holders: [] };

/** @param max how many may now */
export function acquire(
  { holders }: Semaphore,
  asked: { readonly id: string; readonly max: number; readonly nowMs: number },
): Acquisition {
  const { id, max, nowMs } = asked;
  if (holders.some((holder) => holder.id === id)) {
    return { kind: 'held', semaphore: { max, holders } }; // G2
  }
  if (holders.length >= max) return { kind: 'refused', semaphore: { max, holders } }; // G1, G3
  return { kind: 'held', semaphore: { max, holders: [...holders, { id, sinceMs: nowMs }] } };
}

/** The same semaphore where `id` has no place (G2). */
export function release(semaphore: Semaphore, id: string): Semaphore {
  const holders = semaphore.holders.filter((holder) => holder.id !== id);
  return holders.length === semaphore.holders.length ? semaphore : { ...semaphore, holders };
}

/** Beside those who have a place now, whoever had one when it was lost. The same where all of them have. */
export function putBack(now: Semaphore, lost: Semaphore): Semaphore {
  const missing = lost.holders.filter(({ id }) => now.holders.every((holder) => holder.id !== id));
  if (missing.length === 0) return now;
  const holders = [...now.holders, ...missing].sort((a, b) => a.sinceMs - b.sinceMs);
  return { max: Math.max(now.max, lost.max), holders };
}
