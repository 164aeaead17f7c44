// Watch: entries as they are written, and progress as it comes.
//
// Invariants:
//   W1. An entry is sent once and in order, also those written while older ones are being read.
//   W2. A reader that falls behind what happens is cut off, never waited for; it asks again from
//       where it was. Only while it is told of the past it is waited for: that happens for it alone.

import type { ServerWritableStream } from '@grpc/grpc-js';
import type { WatchRequest, WatchResponse } from '../../proto/gen/lull/operator/v1/operator.js';
import type { StoredEntry } from '../journal/chain.js';
import type { RunProgress } from '../scheduler/edges.loop.js';
import type { Ledger } from '../world/ledger.loop.js';
import { entryToWire } from './view.wire.js';

/** Bytes a reader may be behind. */
const BEHIND_BYTES_MAX = 8 * 1024 * 1024;
/** About what a message has besides its text. */
const MESSAGE_BYTES = 128;
const PAGE = 500;

export interface ProgressFeed {
  publish: (progress: RunProgress) => void;
  subscribe(listener: (progress: RunProgress) => void): () => void;
}

export function createProgressFeed(): ProgressFeed {
  const listeners = new Set<(progress: RunProgress) => void>();
  return {
    publish: (progress) => {
      for (const listener of listeners) listener(progress);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function streamEntries(
  call: ServerWritableStream<WatchRequest, WatchResponse>,
  ledger: Pick<Ledger, 'head' | 'read' | 'onEntry'>,
  progress: Pick<ProgressFeed, 'subscribe'>,
): void {
  const from = Number(call.request.fromSequence);
  let next = from === 0 ? ledger.head.sequence + 1 : from;
  let live = false;

  const gone = (): boolean => call.cancelled || call.destroyed || call.writableEnded;

  // Counted here: the stream itself counts messages, however long each is.
  let behindBytes = 0;
  const send = (kind: NonNullable<WatchResponse['kind']>, sizeBytes: number): void => {
    if (gone()) return;
    behindBytes += sizeBytes;
    call.write({ kind }, () => {
      behindBytes -= sizeBytes;
    });
    if (behindBytes > BEHIND_BYTES_MAX) call.end(); // W2
  };
  const sendEntry = (entry: StoredEntry): void => {
    if (entry.sequence < next) return; // W1
    next = entry.sequence + 1;
    send({ $case: 'entry', value: entryToWire(entry) }, entry.body.length + MESSAGE_BYTES);
  };
  const stopEntries = ledger.onEntry((entry) => {
    if (live) sendEntry(entry);
  });
  const stopProgress = progress.subscribe(({ runId, fraction, step }) => {
    send({ $case: 'progress', value: { runId, fraction, step } }, step.length + MESSAGE_BYTES);
  });
  const stop = (): void => {
    stopEntries();
    stopProgress();
  };
  call.once('cancelled', stop);
  call.once('close', stop);

  async function catchUp(): Promise<void> {
    while (next <= ledger.head.sequence && !gone()) {
      const page = await ledger.read(next, PAGE);
      if (page.length === 0) break;
      for (const entry of page) {
        sendEntry(entry);
        if (call.writableNeedDrain) await drained(call);
        if (gone()) return;
      }
    }
    live = true;
  }
  catchUp().catch((error: unknown) => {
    stop();
    call.destroy(error as Error);
  });
}

function drained(call: ServerWritableStream<unknown, unknown>): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      for (const event of ['drain', 'cancelled', 'close']) call.off(event, go);
      resolve();
    };
    for (const event of ['drain', 'cancelled', 'close']) call.once(event, go);
  });
}
