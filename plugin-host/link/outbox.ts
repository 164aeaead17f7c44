// Events on their way to the orchestrator: kept until they are acknowledged, sent again after every
// new connection.
//
// Invariants:
//   O1. Nothing is lost while the orchestrator is away, up to EVENTS_MAX and BYTES_MAX; beyond that
//       the oldest progress goes first, and never a fact.
//   O2. It does not grow beyond that at an updater's wish (T23): whoever lets an updater bring facts
//       about waits while it is full. What the host tells by itself is a handful a run, and is taken.

export const EVENTS_MAX = 10_000;
/** A dozen scans of the longest that are let through, or events for minutes. */
export const BYTES_MAX = 16 * 1024 * 1024;

export interface Outgoing<T> {
  readonly sequence: number;
  readonly event: T;
  /** About as much as it takes in memory. */
  readonly bytes: number;
  /** Whether it may be dropped when there are too many. */
  readonly droppable: boolean;
}

export interface Outbox<T> {
  readonly lastSequence: number;
  readonly waiting: readonly Outgoing<T>[];
  /** Of all that wait. */
  readonly bytes: number;
}

export function emptyOutbox<T>(): Outbox<T> {
  return { lastSequence: 0, waiting: [], bytes: 0 };
}

export function post<T>(
  outbox: Outbox<T>,
  event: T,
  { bytes, droppable }: { readonly bytes: number; readonly droppable: boolean },
): Outbox<T> {
  const sequence = outbox.lastSequence + 1;
  const waiting = [...outbox.waiting, { sequence, event, bytes, droppable }];
  const next = { lastSequence: sequence, waiting, bytes: outbox.bytes + bytes };
  if (waiting.length <= EVENTS_MAX && next.bytes <= BYTES_MAX) return next;
  const oldest = waiting.findIndex((each) => each.droppable);
  if (oldest < 0) return next;
  const [dropped] = waiting.splice(oldest, 1);
  return { ...next, bytes: next.bytes - (dropped?.bytes ?? 0) };
}

export function acknowledged<T>(outbox: Outbox<T>, sequence: number): Outbox<T> {
  const waiting = outbox.waiting.filter((each) => each.sequence > sequence);
  return { ...outbox, waiting, bytes: waiting.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** O2. */
export function isFull({ waiting, bytes }: Outbox<unknown>): boolean {
  return waiting.length >= EVENTS_MAX || bytes >= BYTES_MAX;
}
