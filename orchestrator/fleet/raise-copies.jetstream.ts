// Gives what a fleet keeps more copies, on more servers. No orchestrator may do so (P3 of proto/permissions.ts).
//
// Invariants:
//   Z1. One stream after the other, the journals first, and the next one when all copies of the one before have
//       been up to date: a fleet that is at work pays for one at a time.
//   Z2. Nothing but the number of copies is changed, and nothing gets fewer.
//   Z3. Whatever ends it, what was done stays; the same order given again goes on from there.
//   Z4. A server by itself is not asked: it takes the order, keeps one copy, and says from then on that there are more.

import { JetStreamApiError, type JetStreamManager, type StreamInfo } from '@nats-io/jetstream';
import { formatDuration } from '../../conditions/words.js';
import type { Clock } from '../../runtime/clock.js';
import { isOutOfReach } from '../journal/reach.jetstream.js';
import { aboutStream, isMissing } from '../journal/stream.jetstream.js';

const LOOK_EVERY_MS = 250;
/** Servers that were started together have heard of each other by then, and one that died has a successor. */
const REFUSED_MS_MAX = 20_000;

/** Of one stream. */
export interface KeptCopies {
  readonly stream: string;
  /** How many it is to have; 0: it is not there, and is made with as many as whoever makes it asks for. */
  readonly count: number;
  /** Of those that are not up to date: the servers that they are on, as far as they are known. */
  readonly behind: readonly string[];
}

/** Why one has not as many copies as it was to get, and what to do. */
export class CopiesError extends Error {
  override readonly name = 'CopiesError';
}

type Streams = Pick<JetStreamManager, 'streams'>;

interface Raising {
  readonly jsm: Streams;
  /** Whether the server is one of several. */
  readonly isClustered: boolean;
  readonly wantedCount: number;
  /** For all of them. */
  readonly withinMs: number;
  /** Told at each look of the one that it is at, and how many copies that had. */
  readonly onLook: (now: KeptCopies, beforeCount: number) => void;
  readonly clock: Clock;
  readonly pause: (ms: number) => Promise<unknown>;
}

/** @throws CopiesError */
export async function copiesNow(jsm: Streams, stream: string): Promise<KeptCopies> {
  try {
    return keptIn(stream, await aboutStream(jsm, stream));
  } catch (error) {
    if (isMissing(error)) return { stream, count: 0, behind: [] };
    if (isForbidden(error)) throw forbidden(stream, error);
    throw new CopiesError(`nobody tells of the copies of ${stream}: ${wordsOf(error)}`, {
      cause: error,
    });
  }
}

/** Raises all of them. @throws CopiesError */
export async function raiseCopies(
  streams: readonly string[],
  raising: Raising,
): Promise<KeptCopies[]> {
  if (!raising.isClustered && raising.wantedCount > 1) throw byItself(raising.wantedCount); // Z4
  const untilMs = raising.clock.now().monotonicMs + raising.withinMs;
  const raised: KeptCopies[] = [];
  for (const stream of streams) raised.push(await raise(stream, untilMs, raising)); // Z1
  return raised;
}

async function raise(stream: string, untilMs: number, raising: Raising): Promise<KeptCopies> {
  const { jsm, wantedCount, withinMs, onLook, clock, pause } = raising;
  const nowMs = (): number => clock.now().monotonicMs;
  /** Under load a copy is up to date for moments: one that was once has everything that was there before. */
  const caughtUp = new Set<string>();
  let beforeCount: number | undefined;
  let refusedSinceMs: number | undefined;
  let last: KeptCopies | undefined;
  for (;;) {
    try {
      const info = await aboutStream(jsm, stream);
      beforeCount ??= info.config.num_replicas;
      if (info.config.num_replicas < wantedCount) {
        await jsm.streams.update(stream, { num_replicas: wantedCount }); // Z2
      } else {
        last = keptIn(stream, info, caughtUp);
        onLook(last, beforeCount);
        if (last.behind.length === 0) return last;
      }
      refusedSinceMs = undefined;
    } catch (error) {
      if (isMissing(error)) return { stream, count: 0, behind: [] };
      if (isForbidden(error)) throw forbidden(stream, error);
      refusedSinceMs ??= nowMs();
      if (!isOutOfReach(error) || nowMs() - refusedSinceMs >= REFUSED_MS_MAX) {
        throw refused(stream, wantedCount, error);
      }
    }
    if (nowMs() >= untilMs) throw late(last ?? { stream, count: 0, behind: [] }, withinMs);
    await pause(LOOK_EVERY_MS);
  }
}

/** @param caughtUp servers whose copy was up to date at some time; it is added to. */
function keptIn(
  stream: string,
  { config, cluster }: StreamInfo,
  caughtUp: Set<string> = new Set<string>(),
): KeptCopies {
  const count = config.num_replicas;
  const copies = cluster?.replicas ?? [];
  for (const { name, current, offline = false } of copies) {
    if (current && !offline) caughtUp.add(name);
  }
  const behind = copies.filter(({ name }) => !caughtUp.has(name)).map(({ name }) => name);
  if (cluster === undefined) return { stream, count, behind }; // A server by itself tells of none.
  // Whoever leads has one as well. Where nobody does just then, all are told of.
  const isLed = (cluster.leader ?? '') !== '';
  const missingCount = Math.max(0, count - copies.length - Number(isLed));
  const missing = Array<string>(missingCount).fill('one that is not there');
  return { stream, count, behind: [...behind, ...missing, ...(isLed ? [] : ['one that leads'])] };
}

/** The library has no one class for it. */
function isForbidden(error: unknown): boolean {
  return /permissions violation/i.test(wordsOf(error));
}

function wordsOf(error: unknown): string {
  return (error as Error).message;
}

const AGAIN = 'What was done stays: the same command goes on from there';

function forbidden(stream: string, cause: unknown): CopiesError {
  const message = `these credentials do not extend to the copies of ${stream}: use those of a keeper, "lull keys issue DIR keeper NAME", or of the server's owner; where a nats-server does not know that role yet, docs/operators.md says what to do`;
  return new CopiesError(message, { cause });
}

function byItself(wantedCount: number): CopiesError {
  const servers = `${String(wantedCount)} copies lie on ${String(wantedCount)} servers`;
  return new CopiesError(
    `${servers}, and this one is by itself. Do not make it one of a cluster: it would delete what it keeps. "From one server to three" in docs/operators.md moves a fleet`,
  );
}

function refused(stream: string, wantedCount: number, cause: unknown): CopiesError {
  const copies = `${stream} was not given ${String(wantedCount)} copies: ${wordsOf(cause)}`;
  const asked =
    cause instanceof JetStreamApiError ? 'The servers said so' : 'The servers did not answer';
  return new CopiesError(
    `${copies}. ${asked}: there have to be ${String(wantedCount)} of them in one cluster, up, and with room for it. ${AGAIN}`,
    { cause },
  );
}

/** @param kept as it was seen last; a count of 0: not yet since it was told to have more. */
function late(kept: KeptCopies, withinMs: number): CopiesError {
  const { stream, count, behind } = kept;
  const after = `after ${formatDuration(withinMs)}`;
  const what =
    count === 0
      ? `nothing is known of the copies of ${stream} ${after}: their turn had only come`
      : `${String(count - behind.length)} of the ${String(count)} copies of ${stream} are up to date ${after}, without ${behind.join(' and ')}`;
  return new CopiesError(
    `${what}. The servers go on by themselves; see whether all are up, and have room. ${AGAIN}, with --within for a longer wait`,
  );
}
