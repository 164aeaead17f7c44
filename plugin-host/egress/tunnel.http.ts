// Bytes between two sockets, counted, standing still while the run is frozen.
//
// Invariants:
//   N1. Nothing is read while the run is frozen: what is on the way waits in the kernel's buffers,
//       which push back on the sender.
//   N2. A tunnel on which nothing moves for `idleMsMax` is closed. Frozen time does not count.
//   N3. When a tunnel ends, both sockets are gone.
//   N4. What is carried counts against the operator's limits, as a download does; what these end is
//       no connection that broke, and is said.

import { once } from 'node:events';
import type { Duplex, Readable } from 'node:stream';
import type { Clock } from '../../runtime/clock.js';
import { HostError } from '../channel/host-failure.js';
import type { HostedRun } from '../channel/hosted-run.js';
import { waitOn } from './wait.loop.js';

/** Idle time is measured in this many steps, each of which waits for a frozen run. */
const IDLE_STEPS = 12;

export interface Traffic {
  sentBytes: number;
  receivedBytes: number;
}

export interface TunnelDeps {
  readonly run: HostedRun;
  readonly clock: Clock;
  readonly idleMsMax: number;
}

/**
 * Carries bytes until both sides have ended, one breaks, or nothing moves; never throws.
 * @returns why the host itself ended it, if it did (N4).
 */
export async function tunnel(
  inner: Duplex,
  outer: Duplex,
  traffic: Traffic,
  deps: TunnelDeps,
): Promise<HostError | undefined> {
  const ending = new AbortController();
  const end = (): void => {
    ending.abort();
    inner.destroy();
    outer.destroy();
  };
  for (const side of [inner, outer]) {
    side.on('error', end);
    side.once('close', () => {
      if (!side.readableEnded || !side.writableFinished) end();
    });
  }
  const signal = AbortSignal.any([ending.signal, deps.run.over]);
  signal.addEventListener('abort', end, { once: true });
  void watchIdle(traffic, deps, signal).then(end);
  try {
    await Promise.all([
      pump(inner, outer, deps.run, signal, (bytes) => {
        traffic.sentBytes += bytes;
      }),
      pump(outer, inner, deps.run, signal, (bytes) => {
        traffic.receivedBytes += bytes;
      }),
    ]);
    return undefined;
  } catch (error) {
    // One side broke off. That ends the other one; the byte counts tell how far it came.
    return error instanceof HostError ? error : undefined;
  } finally {
    end(); // N3
  }
}

/** One direction, to its end. */
export async function pump(
  from: Readable,
  to: Duplex | NodeJS.WritableStream,
  run: HostedRun,
  signal: AbortSignal,
  count: (bytes: number) => void,
): Promise<void> {
  // Left alone at its end: a socket that has been read may still have to be written.
  for await (const chunk of from.iterator({ destroyOnReturn: false })) {
    await run.thawed(); // N1
    signal.throwIfAborted();
    const bytes = chunk as Uint8Array;
    count(bytes.byteLength);
    await run.take(bytes.byteLength); // N4
    signal.throwIfAborted();
    if (!to.write(bytes)) await once(to, 'drain', { signal });
  }
  const flushed = once(to, 'finish', { signal });
  to.end();
  await flushed;
}

/** Resolves when nothing has moved for too long (N2), or when the tunnel ended. */
export async function watchIdle(
  traffic: Traffic,
  { run, clock, idleMsMax }: TunnelDeps,
  signal: AbortSignal,
): Promise<void> {
  let seenBytes = -1;
  for (let idleSteps = 0; idleSteps < IDLE_STEPS && !signal.aborted; idleSteps += 1) {
    const nowBytes = traffic.sentBytes + traffic.receivedBytes;
    if (nowBytes !== seenBytes) idleSteps = 0;
    seenBytes = nowBytes;
    await waitOn(clock, idleMsMax / IDLE_STEPS, signal);
    await run.thawed().catch(() => undefined);
  }
}
