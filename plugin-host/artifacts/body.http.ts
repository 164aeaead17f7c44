// The body of one response, into the partial file.
//
// Invariants:
//   Y1. Not one byte more than was ordered is written (T10); a server that says nothing for
//       `stallMsMax`, or next to nothing, is left.
//   Y2. While the run is frozen nothing is read. A connection is parked for PARK_MS and then given up:
//       the next attempt goes on by range.

import type { Clock } from '../../runtime/clock.js';
import { fileFailure, HostError } from '../channel/host-failure.js';
import type { HostedRun } from '../channel/hosted-run.js';
import type { FetchOrder } from './order.js';
import { freshPace, keepPace } from './pace.js';
import type { PartialFile } from './partial.fs.js';
import { thawedWithin } from './thaw.loop.js';

/** A server keeps a quiet connection about this long without harm. */
export const PARK_MS = 2_000;

/** Whose body it is, and who is told of it. */
export interface Receiving {
  readonly order: FetchOrder;
  readonly run: HostedRun;
  readonly partial: PartialFile;
  readonly onProgress: (receivedBytes: number, totalBytes: number | undefined) => void;
  /** Told of every piece that was written. */
  readonly onKept: (bytes: number) => void;
}

/** Its answer was not what was asked for, or ended before that. */
export interface Cut {
  readonly kind: 'cut';
  readonly why: string;
  readonly retryAfterMs: number | undefined;
  /** It does not go on from here: the next attempt asks it for the whole. */
  readonly unranged?: true;
  /** Whoever answered may be anybody (attempt.http.ts, H3). */
  readonly detour?: true;
}

/** Undefined when the body was read to its end. */
export async function readBody(
  clock: Clock,
  { order, run, partial, onProgress, onKept }: Receiving,
  body: AsyncIterable<Uint8Array>,
  { totalBytes, isPage }: { readonly totalBytes: number | undefined; readonly isPage: boolean },
): Promise<{ readonly kind: 'parked' } | Cut | undefined> {
  const bound = order.sizeBytes ?? order.sizeBytesMax;
  let pace = freshPace;
  let waitingSinceMs = clock.now().monotonicMs;
  for await (const chunk of body) {
    const kept = keepPace(pace, chunk.byteLength, clock.now().monotonicMs - waitingSinceMs);
    // Y2.
    if (!(await thawedWithin(run, clock, PARK_MS))) return { kind: 'parked' };
    // Y1.
    if (partial.sizeBytes + chunk.byteLength > bound) {
      if (isPage) return pageInItsPlace(partial);
      throw new HostError(
        'DIGEST_MISMATCH',
        `${order.url}: it goes on after ${String(bound)} bytes, which is all that was ordered`,
      );
    }
    await keep(partial, chunk);
    onKept(chunk.byteLength);
    onProgress(partial.sizeBytes, totalBytes ?? order.sizeBytes);
    if (kept === undefined) {
      return { kind: 'cut', why: 'sends less than 1 kB a second', retryAfterMs: undefined };
    }
    pace = kept;
    await run.take(chunk.byteLength);
    waitingSinceMs = clock.now().monotonicMs;
  }
  if (order.sizeBytes !== undefined && partial.sizeBytes < order.sizeBytes) {
    return { kind: 'cut', why: 'ended early', retryAfterMs: undefined };
  }
  return undefined;
}

/** Proves nothing of the content, and is not kept. */
export async function pageInItsPlace(partial?: PartialFile): Promise<Cut> {
  await partial?.restart();
  const why = 'answered with a page for people in place of the file';
  return { kind: 'cut', why, retryAfterMs: undefined };
}

async function keep(partial: PartialFile, chunk: Uint8Array): Promise<void> {
  try {
    await partial.append(chunk);
  } catch (error) {
    throw fileFailure(error, 'APPLY_FAILED', 'keeping the download');
  }
}
