// Watch: entries as they are written, and progress as it comes.
//
// Invariants:
//   W1. An entry is sent once and in order, also those written while older ones are being read.
//   W2. A reader that falls behind what happens is cut off, never waited for; it asks again from
//       where it was. Only while it is told of what is kept elsewhere, as the past is, it is waited for:
//       that happens for it alone, and not for longer than a minute in which it takes nothing.
//   W3. A watch that cannot go on ends with an error that says why.

import type { ServerWritableStream } from '@grpc/grpc-js';
import type { WatchRequest, WatchResponse } from '../../proto/gen/lull/operator/v1/operator.js';
import { within } from '../../runtime/deadline.js';
import type { StoredEntry } from '../journal/chain.js';
import { piecesOf } from '../journal/unhurried.loop.js';
import type { RunProgress } from '../scheduler/edges.loop.js';
import { statusOf } from '../world/answer.grpc.js';
import type { Ledger } from '../world/ledger.loop.js';
import { entryToWire } from './view.wire.js';

/** Bytes a reader may be behind. */
const BEHIND_BYTES_MAX = 8 * 1024 * 1024;
/** About what a message has besides its text. */
const MESSAGE_BYTES = 128;
/** W2: in which it takes nothing. */
const STALLED_MS_MAX = 60_000;

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

/** Where what is watched goes. */
interface Outlet {
  /** Whether nobody reads any more. */
  readonly isGone: () => boolean;
  readonly sendEntry: (entry: StoredEntry) => void;
  /** Resolves when the reader has taken most of what was sent (W2). */
  readonly keptUp: () => Promise<void>;
  /** W3 */
  readonly fail: (error: unknown) => void;
}

type Call = ServerWritableStream<WatchRequest, WatchResponse>;

/** @param progress is sent from now on. */
export function outletOf(call: Call, progress: Pick<ProgressFeed, 'subscribe'>): Outlet {
  const isGone = (): boolean => call.cancelled || call.destroyed || call.writableEnded;

  // Counted here: the stream itself counts messages, however long each is.
  let behindBytes = 0;
  const send = (kind: NonNullable<WatchResponse['kind']>, sizeBytes: number): void => {
    if (isGone()) return;
    behindBytes += sizeBytes;
    call.write({ kind }, () => {
      behindBytes -= sizeBytes;
    });
    if (behindBytes > BEHIND_BYTES_MAX) call.end(); // W2
  };
  whenOver(
    call,
    progress.subscribe(({ runId, fraction, step }) => {
      send({ $case: 'progress', value: { runId, fraction, step } }, step.length + MESSAGE_BYTES);
    }),
  );
  return {
    isGone,
    sendEntry: (entry) => {
      send({ $case: 'entry', value: entryToWire(entry) }, entry.body.length + MESSAGE_BYTES);
    },
    keptUp: async () => {
      if (!call.writableNeedDrain || isGone()) return;
      await within(drained(call), STALLED_MS_MAX, 'a reader').catch(() => {
        call.end(); // W2
      });
    },
    fail: (error) => {
      if (isGone()) return;
      call.emit('error', statusOf(error));
    },
  };
}

/** Calls `stop` once the reader has left, or was left. */
export function whenOver(call: Call, stop: () => void): void {
  call.once('cancelled', stop);
  call.once('close', stop);
}

export function streamEntries(
  call: Call,
  ledger: Pick<Ledger, 'head' | 'read' | 'onEntry'>,
  progress: Pick<ProgressFeed, 'subscribe'>,
): void {
  const from = Number(call.request.fromSequence);
  const outlet = outletOf(call, progress);
  let next = from === 0 ? ledger.head.sequence + 1 : from;
  let live = false;

  const sendEntry = (entry: StoredEntry): void => {
    if (entry.sequence < next) return; // W1
    next = entry.sequence + 1;
    outlet.sendEntry(entry);
  };
  whenOver(
    call,
    ledger.onEntry((entry) => {
      if (live) sendEntry(entry);
    }),
  );

  async function catchUp(): Promise<void> {
    while (next <= ledger.head.sequence) {
      const before = next;
      for await (const piece of piecesOf(ledger, next, ledger.head.sequence)) {
        for (const entry of piece) {
          sendEntry(entry);
          await outlet.keptUp();
          if (outlet.isGone()) return;
        }
      }
      if (next === before) throw new Error(`entry ${String(next)} of the journal cannot be read`);
    }
    live = true; // In the same step as the look at the head: no entry can fall in between.
  }
  catchUp().catch(outlet.fail);
}

function drained(call: Call): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      for (const event of ['drain', 'cancelled', 'close']) call.off(event, go);
      resolve();
    };
    for (const event of ['drain', 'cancelled', 'close']) call.once(event, go);
  });
}
