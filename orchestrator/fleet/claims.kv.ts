// Claims of orchestrators, as a bucket of the server has them.

import type { KV } from '@nats-io/kv';
import { DeadlineError, within } from '../../runtime/deadline.js';

const CALL_MS_MAX = 2_000;

/** Nothing was heard of it: it may have been written, or not. */
export function isOutOfReach(error: unknown): boolean {
  const { name } = error as Error;
  return (
    error instanceof DeadlineError || name === 'TimeoutError' || name === 'ClosedConnectionError'
  );
}

/** There is no bucket. */
export function isGone(error: unknown): boolean {
  return (error as Error).name === 'JetStreamNotEnabled'; // The library does not export it.
}

/** Writes a claim. @param revision that it has to have still: 0, none; undefined: whichever. @returns its new one. */
export function put(
  bucket: KV,
  key: string,
  value: string,
  revision: number | undefined,
): Promise<number> {
  const options = revision === undefined ? {} : { previousSeq: revision };
  return within(bucket.put(key, value, options), CALL_MS_MAX, 'a lease');
}
