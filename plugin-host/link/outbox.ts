// Events on their way to the orchestrator: kept until they are acknowledged, sent again after every
// new connection.
//
// Invariant: O1. Nothing is lost while the orchestrator is away, up to EVENTS_MAX; beyond that the
// oldest progress goes first, and never a fact.

export const EVENTS_MAX = 10_000;

export interface Outgoing<T> {
  readonly sequence: number;
  readonly event: T;
  /** Whether it may be dropped when there are too many. */
  readonly droppable: boolean;
}

export interface Outbox<T> {
  readonly lastSequence: number;
  readonly waiting: readonly Outgoing<T>[];
}

export function emptyOutbox<T>(): Outbox<T> {
  return { lastSequence: 0, waiting: [] };
}

export function post<T>(outbox: Outbox<T>, event: T, droppable: boolean): Outbox<T> {
  const sequence = outbox.lastSequence + 1;
  const waiting = [...outbox.waiting, { sequence, event, droppable }];
  if (waiting.length > EVENTS_MAX) {
    const oldest = waiting.findIndex((each) => each.droppable);
    if (oldest >= 0) waiting.splice(oldest, 1);
  }
  return { lastSequence: sequence, waiting };
}

export function acknowledged<T>(outbox: Outbox<T>, sequence: number): Outbox<T> {
  return { ...outbox, waiting: outbox.waiting.filter((each) => each.sequence > sequence) };
}
