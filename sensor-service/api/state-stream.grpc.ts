// One watcher's stream: a snapshot, then what changes, then heartbeats when nothing does.
//
// Invariants:
//   T1. An edge is written in the tick in which it became known, if the message before has left; to
//       whoever guards no run when the guards have been told.
//   T2. A reader that is slow is owed one message, never a queue of them: what changes while a
//       message is on its way is told afterwards, in its latest state (T23).
//   T3. What is compared is what this watcher was told.
//   T4. While a run is on, heartbeats ride with the rounds of measuring: they wake nobody by themselves,
//       and they say that it is measured.
//   T5. Levels that sway ride with a run's heartbeats, and come once a second to any other watcher,
//       however often they are measured.
//   T6. Of what is not asked about any more whoever was told of it is told the last words, and nothing
//       is kept.

import type { ServerWritableStream } from '@grpc/grpc-js';
import { readingKey, type Reading } from '../../conditions/reading.js';
import type {
  Reading as WireReading,
  WatchStateRequest,
  WatchStateResponse,
} from '../../proto/gen/lull/sensor/v1/sensor.js';
import { readingToWire } from '../../proto/wire/reading.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import { untilInStep } from '../../runtime/in-step.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { isChange, isUrgent } from '../reading/change.js';
import { atRest, unmeasured } from '../reading/level.js';
import type { Latest } from '../sampling/latest.js';
import type { Pace } from '../sampling/loop.js';
import { behindGuards } from './behind-guards.loop.js';

const HEARTBEAT_MS = { min: 100, max: 60_000, whenUnset: 10_000 };
/** Sent a little early, because the contract says "at least every", and in step with those of others. */
const HEARTBEAT_SHARE = 0.9;
/** Nobody but the guard of a run is in a hurry to hear how load sways: its own rounds are this far apart. */
const SWAY_MS = 900;
/** By so much a heartbeat may be early: less than passes between two rounds of measuring. */
const EARLY_MS = 60;

export type WatchCall = ServerWritableStream<WatchStateRequest, WatchStateResponse>;

export class StateStream implements Closeable {
  private readonly told = new Map<string, Reading>();
  /** What differs from it, in its latest state. */
  private readonly owed = new Map<string, Reading>();
  private readonly heartbeatMs: number;
  private readonly stopListening: () => void;
  private readonly pace: Pace;
  private cancelHeartbeat: CancelTimer = () => undefined;
  private beatDueAtMs = 0;
  /** From when on levels that sway are told. */
  private swayDueAtMs = 0;
  private snapshotSent = false;
  private writing = false;
  private closed = false;

  /** Writes the snapshot before it returns. */
  constructor(
    private readonly call: WatchCall,
    private readonly deps: { readonly clock: Clock; readonly latest: Latest },
  ) {
    this.pace = paceOf(call.request);
    this.heartbeatMs = heartbeatOf(call.request.heartbeatMs) * HEARTBEAT_SHARE;
    this.stopListening = deps.latest.listen((changes) => {
      this.hear(changes);
    }, this.heartbeatMs);
    const { readings } = deps.latest;
    this.note([...readings.values()]);
    // They are known to come: a signal that nobody reports would be one that is missing.
    if (this.pace === 'rest') this.note(unmeasured(readings, deps.clock.now()));
    this.flush();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.stopListening();
    this.cancelHeartbeat();
    this.call.end();
  }

  private hear(changes: readonly Reading[]): void {
    if (this.closed) return;
    const cannotWait = this.note(changes);
    if (this.writing || !(cannotWait || this.isDue())) return; // T2
    if (this.pace === 'run') this.flush();
    else this.flushNext();
  }

  /** T1: writing takes its time, and nothing of a tick leaves before all of it is written. */
  private flushNext(): void {
    this.writing = true;
    behindGuards(() => {
      this.writing = false;
      if (!this.closed && this.owed.size > 0) this.flush();
    });
  }

  /** Lays `changes` over what this watcher is owed. @returns whether one of them cannot wait. */
  private note(changes: readonly Reading[]): boolean {
    let urgent = false;
    for (const change of changes) {
      const shown = this.call.request.edgesOnly ? atRest(change) : change;
      const key = readingKey(shown.signal, shown.instance);
      const before = this.told.get(key); // T3
      const isOfOthers = before === undefined && !this.isKept(key, shown); // T6
      if (isOfOthers || !isChange(before, shown)) {
        this.owed.delete(key);
        continue;
      }
      this.owed.set(key, shown);
      urgent ||= isUrgent(before, shown);
    }
    return urgent;
  }

  private flush(): void {
    const readings: WireReading[] = [];
    for (const [key, reading] of this.owed) {
      readings.push(readingToWire(reading));
      if (this.isKept(key, reading)) this.told.set(key, reading);
      else this.told.delete(key); // T6
    }
    this.owed.clear();
    this.writing = true;
    this.call.write({ snapshot: !this.snapshotSent, readings }, (error?: Error | null) => {
      this.writing = false;
      if (error) this.close();
      else if (this.owed.size > 0) this.hear([...this.owed.values()]);
    }); // T1
    this.snapshotSent = true;
    this.armHeartbeat();
  }

  /** What never was measured is known to come; what is gone by now was asked about, and is not any more. */
  private isKept(key: string, { instance }: Reading): boolean {
    return instance === '' || this.deps.latest.readings.has(key);
  }

  private isDue(): boolean {
    const { monotonicMs } = this.deps.clock.now();
    if (this.pace === 'run') return monotonicMs >= this.beatDueAtMs - EARLY_MS; // T4
    return this.owed.size > 0 && monotonicMs >= this.swayDueAtMs; // T5
  }

  private armHeartbeat(): void {
    const { monotonicMs } = this.deps.clock.now();
    this.cancelHeartbeat();
    this.beatDueAtMs = monotonicMs + this.heartbeatMs;
    this.swayDueAtMs = monotonicMs + SWAY_MS;
    if (this.pace === 'run') return; // T4
    const delayMs = untilInStep(this.heartbeatMs, monotonicMs);
    this.cancelHeartbeat = this.deps.clock.after(delayMs, () => {
      // Where a message is still on its way, that one is the sign of life.
      if (this.writing) this.armHeartbeat();
      else this.flush();
    });
  }
}

/** Whoever wants to hear this often of a silence has something running. */
const RUN_HEARTBEAT_MS_MAX = 500;

/** How fast the machine is to be measured for a watcher. */
export function paceOf({ heartbeatMs, edgesOnly }: WatchStateRequest): Pace {
  if (edgesOnly) return 'rest';
  return heartbeatMs > 0 && heartbeatMs <= RUN_HEARTBEAT_MS_MAX ? 'run' : 'wait';
}

function heartbeatOf(asked: number): number {
  if (asked === 0) return HEARTBEAT_MS.whenUnset;
  return Math.min(HEARTBEAT_MS.max, Math.max(HEARTBEAT_MS.min, asked));
}
