// When a hello that nobody has answered is said again.
//
// Invariant: P1. A fleet that asks faster than it is answered still comes to its end: the stream keeps
// each hello until somebody hears it, so saying it again only makes the line longer. Each next one waits
// twice as long for its answer as the one before.

/** An orchestrator that began to lead may never hear of what the one before it has taken. */
export const UNANSWERED_MS_MIN = 2_000;
export const UNANSWERED_MS_MAX = 120_000;

export interface Patience {
  /** Who led when the last hello was said, as far as it is known here. */
  readonly leaderId: string | undefined;
  /** How long that one may take to answer. */
  readonly ms: number;
}

export const atFirst: Patience = { leaderId: undefined, ms: UNANSWERED_MS_MIN };

/**
 * Somebody says that it leads, and has not answered.
 * @param waitedMs since the last hello was said.
 * @returns undefined while it has time; otherwise hello is said again, with the patience that it is owed.
 */
export function whenAnnounced(
  patience: Patience,
  leaderId: string,
  waitedMs: number,
): Patience | undefined {
  if (patience.leaderId !== leaderId) {
    return waitedMs < UNANSWERED_MS_MIN ? undefined : { leaderId, ms: UNANSWERED_MS_MIN * 2 };
  }
  if (waitedMs < patience.ms) return undefined;
  return { leaderId, ms: Math.min(patience.ms * 2, UNANSWERED_MS_MAX) };
}
