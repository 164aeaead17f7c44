// lull fleet copies: how many copies there are of what a fleet keeps, and more of them.

import {
  copiesNow,
  CopiesError,
  raiseCopies,
  type KeptCopies,
} from '../../orchestrator/fleet/raise-copies.jetstream.js';
import { streamsOn } from '../../orchestrator/journal/open.jetstream.js';
import { fleetStreams } from '../../proto/permissions.js';
import { systemClock } from '../../runtime/clock.js';
import { pause } from '../../runtime/deadline.js';
import { createLog } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import { CommandError } from '../failure.js';
import { connectFleet } from './fleet-place.js';
import { natsPlace } from './nats-place.js';

const REACHED_MS_MAX = 15_000;

export interface CopiesFlags {
  readonly nats: string;
  readonly natsCreds?: string;
}

/** Of every stream that a fleet has. @throws CommandError where it is none. */
export function askCopies(flags: CopiesFlags): Promise<KeptCopies[]> {
  return withStreams(flags, (jsm) =>
    Promise.all(fleetStreams.map((stream) => copiesNow(jsm, stream))),
  );
}

/** Resolves when every copy has been up to date. @throws CommandError */
export function giveCopies(
  flags: CopiesFlags,
  wanted: { readonly count: number; readonly withinMs: number },
  onLook: (now: KeptCopies, beforeCount: number) => void,
): Promise<KeptCopies[]> {
  return withStreams(flags, (jsm, isClustered) =>
    raiseCopies(fleetStreams, {
      ...{ jsm, isClustered, onLook, pause, clock: systemClock },
      ...{ wantedCount: wanted.count, withinMs: wanted.withinMs },
    }),
  );
}

type Streams = Awaited<ReturnType<typeof streamsOn>>;

async function withStreams(
  flags: CopiesFlags,
  act: (jsm: Streams, isClustered: boolean) => Promise<KeptCopies[]>,
): Promise<KeptCopies[]> {
  const nats = await connected(flags);
  try {
    const isClustered = nats.connection.info?.cluster !== undefined;
    const all = await act(await streamsOn(nats.connection), isClustered);
    if (all.some(({ count }) => count > 0)) return all;
    throw new CommandError(`${flags.nats} has nothing of a fleet: is it the server of this one?`);
  } catch (error) {
    throw error instanceof CopiesError ? new CommandError(error.message) : error;
  } finally {
    await nats.close();
  }
}

async function connected(flags: CopiesFlags): Promise<Nats> {
  const place = natsPlace(flags.nats, flags, process.env);
  const log = createLog('lull', 'warn');
  const signal = AbortSignal.timeout(REACHED_MS_MAX);
  const nats = await connectFleet({ ...place, name: 'keeper' }, place, log, signal);
  if (nats !== undefined) return nats;
  throw new CommandError(`no server answers at ${flags.nats}; what it said stands above`);
}
