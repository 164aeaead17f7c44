// Plays a trace in the place of probes: what was recorded happens again, at its time.

import { playedValue, type TraceEvent } from '../../conditions/trace.js';
import { readingKey, signals, type Reading, type Signal } from '../../conditions/reading.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { measurement, toReading, unknownValue, type Measurement } from '../reading/measurement.js';
import type { PresenceSignal, Verdict } from '../reading/presence.js';

export const REPLAY_SPEED_MAX = 10_000;
const SOURCE = 'replay';
const ENDED = 'the trace has ended';
const UNTOLD = 'the trace that is played does not tell of it';
/** Those that are told of one thing of several, and what the machine itself tells. */
const notPlayed: ReadonlySet<Signal> = new Set<Signal>([
  ...(['presence', 'app.running', 'lock.held', 'disk.free', 'disk.rotating'] as const),
]);

interface ReplayDeps {
  readonly clock: Clock;
  readonly events: readonly TraceEvent[];
  /** Seconds of the trace in one second. */
  readonly speed: number;
  readonly publish: (readings: readonly Reading[]) => void;
  readonly sense: (signal: PresenceSignal) => void;
}

/** Begins to play before it returns. After the last event everything is unknown. */
export function startReplay({ clock, events, speed, publish, sense }: ReplayDeps): Closeable {
  const startMs = clock.now().wallMs;
  const startMonotonicMs = clock.now().monotonicMs;
  const spokenOf = new Map<string, Measurement>();
  let next = 0;
  let cancelTimer: CancelTimer = () => undefined;

  function tell(measurements: readonly Measurement[]): void {
    const at = clock.now();
    // What surrounds the person first: an edge of presence is judged by what holds with it.
    const others = measurements.filter(({ signal }) => signal !== 'presence');
    if (others.length > 0) publish(others.map((each) => toReading(each, at)));
    for (const { signal, value } of measurements) {
      if (signal !== 'presence') continue;
      const verdict: Verdict = value.kind === 'presence' ? value.presence : unknownIn(value);
      sense({ provider: SOURCE, rank: 'sensed', places: ['seat', 'terminals'], verdict });
    }
  }

  function turn(): void {
    const playedMs = (clock.now().monotonicMs - startMonotonicMs) * speed;
    const due: Measurement[] = [];
    for (let event = events[next]; event !== undefined; event = events[next]) {
      if (event.atMs > playedMs) break;
      next += 1;
      const { signal, instance } = event;
      const value = playedValue(event, startMs, speed);
      due.push({ signal, instance, source: SOURCE, value });
    }
    for (const each of due) spokenOf.set(readingKey(each.signal, each.instance), each);
    tell(due);
    const upcoming = events[next];
    if (upcoming === undefined) {
      // The last event stands for a moment: a trace of one line would otherwise say nothing.
      cancelTimer = clock.after(1_000 / speed, end);
      return;
    }
    cancelTimer = clock.after((upcoming.atMs - playedMs) / speed, turn);
  }

  function end(): void {
    tell([...spokenOf.values()].map((each) => ({ ...each, value: unknownValue(ENDED) })));
  }

  tell(untold(events));
  turn();
  return {
    close: () => {
      cancelTimer();
    },
  };
}

/** What nothing is known of from the beginning to the end, and why. */
function untold(events: readonly TraceEvent[]): Measurement[] {
  const told = new Set(events.map(({ signal }) => signal));
  const names = Object.keys(signals) as Signal[];
  return names
    .filter((signal) => !told.has(signal) && !notPlayed.has(signal))
    .map((signal) => measurement(signal, SOURCE, unknownValue(UNTOLD)));
}

function unknownIn(value: Measurement['value']): Verdict {
  return { kind: 'unknown', why: value.kind === 'unknown' ? value.why : ENDED };
}
