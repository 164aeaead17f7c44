// Watching the sensor-service: readings kept up to date, and silence noticed.
//
//   opening ──snapshot──▶ live ──silence or a break──▶ silent, opening again ──snapshot──▶ live …
//
// Invariants:
//   V1. A message that changes something reaches `onReadings` inside the stream's own 'data' event.
//   V2. Silence is told once, at once; only a new snapshot ends it.
//   V3. A change of cadence is no silence: the old stream serves until the new one's snapshot.
//   V4. There are at most two streams, and attempts are at least a backoff step apart.
//   V5. A stall of this process is not the sensor's silence: what has arrived is heard first.

import { signalNamed, readingKey, silenced, type Readings } from '../../conditions/reading.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import { dialUnix } from '../../runtime/grpc.js';
import type { Closeable } from '../../runtime/shutdown.js';
import {
  SensorServiceClient,
  type WatchStateRequest,
  type WatchStateResponse,
} from '../gen/lull/sensor/v1/sensor.js';
import { applyReadings } from '../wire/reading.js';
import { changedReadings, earliest } from './changed.js';

const BACKOFF_MS = { first: 100, max: 2_000 };
/** A timer later than this means that the loop was held up, and messages may lie unread. */
const STALL_MS = 50;
const AFTER_STALL_MS = 50;

interface WatchSensorOptions {
  readonly socketPath: string;
  /** How often the sensor shall say that it is there, at least. */
  readonly heartbeatMs: number;
  /** After how long without any message it counts as silent; more than twice the heartbeat. */
  readonly silentAfterMs: number;
  /** Nothing waits for levels; they come as unknown. */
  readonly edgesOnly?: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /**
   * Called for every change. While the sensor is silent every reading is unknown.
   * @param change `observedMonotonicNs`: when the sensor saw the earliest of what changed; absent for
   *   silence and for the first readings after it.
   */
  readonly onReadings: (
    readings: Readings,
    change: { readonly observedMonotonicNs?: bigint },
  ) => void;
}

export interface SensorWant {
  /** Nothing waits for levels; they come as unknown. */
  readonly edgesOnly: boolean;
  /** Programs to look for. */
  readonly apps: readonly string[];
  /** Directories whose file systems are measured. */
  readonly diskPaths: readonly string[];
}

export interface SensorWatch extends Closeable {
  /** Watches at another pace, or for other things, from now on, without a gap. */
  setCadence(heartbeatMs: number, silentAfterMs: number, want?: Partial<SensorWant>): void;
  close(): void;
}

/** Watches until closed or aborted, whether or not a sensor-service is there yet. */
export function watchSensor(options: WatchSensorOptions): SensorWatch {
  return new ReconnectingWatch(options);
}

class ReconnectingWatch implements SensorWatch {
  private heartbeatMs: number;
  private silentAfterMs: number;
  private want: SensorWant;
  private readings: Readings = new Map();
  private state: 'unheard' | 'live' | 'silent' = 'unheard';
  private opening: Stream | undefined;
  private serving: Stream | undefined;
  private backoffMs = BACKOFF_MS.first;
  private cancelRetry: CancelTimer = () => undefined;
  private cancelSilence: CancelTimer = () => undefined;
  private closed = false;
  private readonly onAbort = (): void => {
    this.close();
  };

  constructor(private readonly options: WatchSensorOptions) {
    this.heartbeatMs = options.heartbeatMs;
    this.silentAfterMs = options.silentAfterMs;
    this.want = { edgesOnly: options.edgesOnly ?? false, apps: [], diskPaths: [] };
    options.signal.addEventListener('abort', this.onAbort, { once: true });
    if (options.signal.aborted) this.close();
    else this.open();
  }

  setCadence(
    heartbeatMs: number,
    silentAfterMs: number,
    { edgesOnly = false, apps = [], diskPaths = [] }: Partial<SensorWant> = {},
  ): void {
    if (this.closed) return;
    const want = { edgesOnly, apps, diskPaths };
    const same = heartbeatMs === this.heartbeatMs && silentAfterMs === this.silentAfterMs;
    if (same && JSON.stringify(want) === JSON.stringify(this.want)) return;
    this.heartbeatMs = heartbeatMs;
    this.silentAfterMs = silentAfterMs;
    this.want = want;
    // Without a stream the next attempt, which is on its way, takes the new pace.
    if (this.serving !== undefined || this.opening !== undefined) this.open(); // V3
  }

  close(): void {
    this.closed = true;
    this.options.signal.removeEventListener('abort', this.onAbort);
    this.cancelRetry();
    this.cancelSilence();
    this.dropStreams();
  }

  private open(): void {
    this.cancelRetry();
    this.opening?.drop();
    const { edgesOnly, apps, diskPaths } = this.want;
    const stream: Stream = openStream(
      this.options.socketPath,
      { heartbeatMs: this.heartbeatMs, edgesOnly, apps: [...apps], diskPaths: [...diskPaths] },
      {
        onMessage: (message) => {
          this.hear(stream, message);
        },
        onBreak: () => {
          this.lose(stream);
        },
      },
    );
    this.opening = stream;
    this.armSilence();
  }

  private hear(stream: Stream, message: WatchStateResponse): void {
    if (stream === this.opening && message.snapshot) {
      this.serving?.drop();
      this.serving = stream;
      this.opening = undefined;
      this.backoffMs = BACKOFF_MS.first;
    }
    if (stream !== this.serving) return;
    this.armSilence();
    const before = this.readings;
    const wasLive = this.state === 'live';
    this.readings = applyReadings(before, message);
    this.state = 'live';
    const changed = changedReadings(before, this.readings, namedBy(message));
    if (wasLive && changed.length === 0 && before.size === this.readings.size) return;
    this.options.onReadings(this.readings, wasLive ? earliest(changed) : {}); // V1
  }

  private lose(stream: Stream): void {
    if (stream === this.serving) {
      this.fallSilent();
    } else if (stream === this.opening) {
      this.opening = undefined;
      if (this.serving === undefined) this.fallSilent();
      else this.retryLater(); // V3
    }
  }

  private fallSilent(): void {
    const known = this.state === 'silent';
    this.state = 'silent';
    this.cancelSilence();
    this.dropStreams();
    this.retryLater();
    if (known) return; // V2
    this.readings = silenced(this.readings, 'sensor-service is silent');
    this.options.onReadings(this.readings, {});
  }

  private retryLater(): void {
    this.cancelRetry();
    this.cancelRetry = this.options.clock.after(this.backoffMs, () => {
      this.open();
    });
    this.backoffMs = Math.min(this.backoffMs * 2, BACKOFF_MS.max); // V4
  }

  private armSilence(): void {
    const { clock } = this.options;
    const dueAtMs = clock.now().monotonicMs + this.silentAfterMs;
    this.cancelSilence();
    this.cancelSilence = clock.after(this.silentAfterMs, () => {
      const stalled = clock.now().monotonicMs - dueAtMs > STALL_MS;
      if (!stalled) this.fallSilent();
      else {
        this.cancelSilence = clock.after(AFTER_STALL_MS, () => {
          this.fallSilent(); // V5
        });
      }
    });
  }

  private dropStreams(): void {
    this.opening?.drop();
    this.serving?.drop();
    this.opening = undefined;
    this.serving = undefined;
  }
}

/** One connection with one stream on it. */
interface Stream {
  drop(): void;
}

/** Each attempt dials anew, so that the backoff here is the only one. */
function openStream(
  socketPath: string,
  request: WatchStateRequest,
  on: { onMessage: (message: WatchStateResponse) => void; onBreak: () => void },
): Stream {
  const client = dialUnix(SensorServiceClient, socketPath);
  const call = client.watchState(request);
  call.on('data', on.onMessage);
  call.on('error', on.onBreak);
  call.on('end', on.onBreak);
  return {
    drop: () => {
      call.cancel();
      client.close();
    },
  };
}

/** Keys of what an update names; undefined: a snapshot may change anything. */
function namedBy({ snapshot, readings }: WatchStateResponse): readonly string[] | undefined {
  if (snapshot) return undefined;
  return readings.flatMap(({ signal: name, instance }) => {
    const signal = signalNamed(name);
    return signal === undefined ? [] : readingKey(signal, instance);
  });
}
