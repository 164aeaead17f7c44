// Whether JetStream could not be reached, or could not answer just now: nobody has the network, the server, or
// the one of several servers that leads what is asked for. It passes by itself, within seconds where others
// have to agree on who leads next.

import { JetStreamApiError } from '@nats-io/jetstream';

/** Errors of the library and of ours; it exports no class for some of them. */
const awayNames: ReadonlySet<string> = new Set([
  'ClosedConnectionError',
  'DeadlineError',
  'NoRespondersError',
  'TimeoutError',
]);

/** Of errors that have no name of their own: who was asked is gone, before and after it began to answer. */
const awayWords: ReadonlySet<string> = new Set(['no responders', 'heartbeats missed']);

/** Of a cluster: nobody leads it yet, or whoever keeps what is asked for is not there. */
const awayCodes: ReadonlySet<number> = new Set([
  10005, // no suitable peers for placement: some have not been heard of
  10008, // JetStream system temporarily unavailable
  10118, // stream is offline
  10119, // consumer is offline
]);

/** Nothing was heard of it: it may have been done, or not. */
export function isOutOfReach(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return awayCodes.has(error.code);
  const { name, message } = error as Error;
  return awayNames.has(name) || awayWords.has(message) || hasNobody(error);
}

/** We have closed it ourselves: there is nothing to wait for. */
export function isClosedByUs(error: unknown): boolean {
  return (error as Error).name === 'ClosedConnectionError';
}

/** Nobody has the subject: there is no such stream, nobody who leads it just now, or no JetStream at all. */
export function hasNobody(error: unknown): boolean {
  return (error as Error).name === 'JetStreamNotEnabled'; // The library does not export it.
}
