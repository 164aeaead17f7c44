// One watcher's stream: a snapshot, then what changes, then heartbeats when nothing does.
//
// Invariants:
//   T1. An edge is written in the tick in which it became known, if the message before has left.
//   T2. A reader that is slow is owed one message, never a queue of them: what changes while a
//       message is on its way is told afterwards, in its latest state (T23).
//   T3. What is compared is what this watcher was told.

import type { ServerWritableStream } from '@grpc/grpc-js';
import { readingKey, type Reading, type Readings } from '../../conditions/reading.js';
import type {
  WatchStateRequest,
  WatchStateResponse,
} from '../../proto/gen/lull/sensor/v1/sensor.js';
import { readingToWire } from '../../proto/wire/reading.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { changesSince, isUrgent, noteTold } from '../reading/change.js';
import { atRest } from '../reading/level.js';
import type { Latest } from '../sampling/latest.js';
import type { Pace } from '../sampling/loop.js';

const HEARTBEAT_MS = { min: 100, max: 60_000, whenUnset: 10_000 };
/** Sent a little early, because the contract says "at least every". */
const HEARTBEAT_SHARE = 0.9;

export type WatchCall = ServerWritableStream<WatchStateRequest, WatchStateResponse>;

export class StateStream implements Closeable {
  private readonly told = new Map<string, Reading>();
  private readonly heartbeatMs: number;
  private readonly stopListening: () => void;
  private cancelHeartbeat: CancelTimer = () => undefined;
  private snapshotSent = false;
  private writing = false;
  private closed = false;

  /** Writes the snapshot before it returns. */
  constructor(
    private readonly call: WatchCall,
    private readonly deps: { readonly clock: Clock; readonly latest: Latest },
  ) {
    this.heartbeatMs = heartbeatOf(call.request.heartbeatMs) * HEARTBEAT_SHARE;
    this.stopListening = deps.latest.listen(() => {
      this.flush(false);
    }, this.heartbeatMs);
    this.flush(false);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.stopListening();
    this.cancelHeartbeat();
    this.call.end();
  }

  private flush(beat: boolean): void {
    if (this.closed || this.writing) return; // T2
    const changes = changesSince(this.told, this.view()); // T3
    if (this.snapshotSent && !beat && !changes.some((change) => this.isDue(change))) return;
    this.writing = true;
    this.call.write(
      { snapshot: !this.snapshotSent, readings: changes.map(readingToWire) }, // T1
      (error?: Error | null) => {
        this.writing = false;
        if (error) this.close();
        else this.flush(false);
      },
    );
    this.snapshotSent = true;
    noteTold(this.told, changes);
    this.armHeartbeat();
  }

  /** Levels that sway ride with the heartbeats of a watcher who hears them often. */
  private isDue(change: Reading): boolean {
    if (paceOf(this.call.request) !== 'run') return true;
    return isUrgent(this.told.get(readingKey(change.signal, change.instance)), change);
  }

  private view(): Readings {
    const readings = this.deps.latest.readings();
    if (!this.call.request.edgesOnly) return readings;
    return new Map([...readings].map(([key, reading]) => [key, atRest(reading)]));
  }

  private armHeartbeat(): void {
    this.cancelHeartbeat();
    this.cancelHeartbeat = this.deps.clock.after(this.heartbeatMs, () => {
      // Armed first: a flush that finds a message still on its way does nothing.
      this.armHeartbeat();
      this.flush(true);
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
