// The guard: the requirements of what runs, held against this machine's own sensors.
//
// A reading comes in, every guarded run is judged, and what must not go on is told in the same step
// of the event loop: no queue, no await, no other process in between.
//
// Invariants:
//   G1. The guard only ever holds runs. Letting them go on is the orchestrator's.
//   G2. Silence of the sensors breaks every guard: readings turn unknown, and unknown is closed.
//   G3. While something is guarded silence is noticed within SILENT_MS; otherwise the sensors are
//       asked as rarely as whoever else wants to know allows.
//   G4. Whoever tells others of this machine hears it here: nobody hears of a pause long before hearing
//       of its cause.

import { join } from 'node:path';
import type { Readings } from '../../conditions/reading.js';
import type { Reason } from '../../conditions/reason.js';
import { objections, type Requirement } from '../../conditions/requirement.js';
import { watchSensor, type SensorWant } from '../../proto/watch/sensor.grpc.js';
import type { Clock } from '../../runtime/clock.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { edgeOf } from './edge.js';

/** A sensor silent for longer counts as a person present (ours). */
const SILENT_MS = 500;
const HEARTBEAT_MS = 200;
const IDLE_HEARTBEAT_MS = 10_000;
const IDLE_SILENT_MS = 25_000;

export interface Guarded {
  /**
   * Told at every reading that breaks the guard. `edgeNs`: when the sensor saw it; asked once what
   * had to stop has stopped.
   */
  readonly onBroken: (reasons: readonly Reason[], edgeNs: () => bigint | undefined) => void;
  readonly requirements: readonly Requirement[];
}

export interface Guard extends Closeable {
  /** Guards until the returned function is called. */
  protect(guarded: Guarded): () => void;
  objections(requirements: readonly Requirement[]): readonly Reason[];
  readonly readings: Readings;
  /** What to watch besides, also while nothing is guarded. */
  want(want: SensorWant): void;
  /** Calls `listener` after the readings have changed and the guards were judged; returns how to stop. */
  onReadings(listener: () => void): () => void;
}

export function openGuard(deps: { runDir: string; clock: Clock }): Guard {
  const guarded = new Set<Guarded>();
  const listeners = new Set<() => void>();
  const { clock } = deps;
  let readings: Readings = new Map();
  let wanted: SensorWant = { edgesOnly: true, apps: [], diskPaths: [] };
  const watch = watchSensor({
    socketPath: join(deps.runDir, 'sensor.sock'),
    heartbeatMs: IDLE_HEARTBEAT_MS,
    silentAfterMs: IDLE_SILENT_MS,
    edgesOnly: true,
    clock,
    signal: new AbortController().signal,
    onReadings: (next, { observedMonotonicNs }) => {
      const before = readings;
      readings = next;
      const nowMs = clock.now().wallMs;
      for (const each of guarded) {
        const reasons = objections(each.requirements, readings, nowMs);
        if (reasons.length === 0) continue;
        // Of silence, and of what was first heard after it, there is no instant.
        const edgeNs = (): bigint | undefined =>
          observedMonotonicNs &&
          (edgeOf(each.requirements, before, next, nowMs) ?? observedMonotonicNs);
        each.onBroken(reasons, edgeNs);
      }
      for (const listener of listeners) listener();
    },
  });

  function setPace(): void {
    if (guarded.size === 0) watch.setCadence(IDLE_HEARTBEAT_MS, IDLE_SILENT_MS, wanted);
    else watch.setCadence(HEARTBEAT_MS, SILENT_MS, { ...wanted, edgesOnly: false });
  }

  return {
    protect: (each) => {
      guarded.add(each);
      if (guarded.size === 1) setPace(); // G3
      return () => {
        if (guarded.delete(each) && guarded.size === 0) setPace();
      };
    },
    objections: (requirements) => objections(requirements, readings, clock.now().wallMs),
    get readings() {
      return readings;
    },
    want: (want) => {
      wanted = want;
      setPace();
    },
    onReadings: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => {
      guarded.clear();
      listeners.clear();
      watch.close();
    },
  };
}
