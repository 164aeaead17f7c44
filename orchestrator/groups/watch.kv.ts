// What is said in a bucket: everything that stands in it, and then whatever happens.

import type { KV, KvWatchEntry } from '@nats-io/kv';
import { askBeside } from '../../runtime/beside.js';
import { within } from '../../runtime/deadline.js';

const CALL_MS_MAX = 5_000;

/** A cluster may lay it on a server that died a moment ago, and then nobody answers; the next one lies elsewhere. */
export function watchBucket(bucket: KV, what: string): ReturnType<KV['watch']> {
  return askBeside(
    what,
    () => bucket.watch(),
    (late) => {
      late.stop();
    },
  );
}

/**
 * Resolves when everything was heard that had been said.
 * @param what in plural, for what is said when that takes too long.
 * @returns what ends it.
 */
export async function hearBucket(
  bucket: KV,
  what: string,
  hear: (entry: KvWatchEntry) => void,
): Promise<() => void> {
  const entries = await watchBucket(bucket, `watching ${what}`);
  let caughtUp: () => void = () => undefined;
  const catchingUp = new Promise<void>((resolve) => {
    caughtUp = resolve;
  });
  void (async () => {
    for await (const entry of entries) {
      hear(entry);
      if (entry.isUpdate) caughtUp();
    }
  })();
  const stop = (): void => {
    entries.stop();
  };
  try {
    const { values } = await within(bucket.status(), CALL_MS_MAX, `the state of ${what}`);
    if (values > 0) await within(catchingUp, CALL_MS_MAX, `what had been said of ${what}`);
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}
