// The machine's state on its way to an orchestrator that is far away: the latest counts, only changes
// are sent, and nothing is sent again.
//
// Invariants:
//   W1. An edge is sent at once; levels wait for each other, LEVELS_EVERY_MS at most.
//   W2. When nothing changes, that is said now and then, so that silence means that the host is gone.
//       Not by all hosts in one instant.
//   W3. Whoever asks what the machine is like (Wanted) is told the whole.
//   W4. What is told is what the guard judges, in the same tick: an orchestrator that hears of a pause,
//       which the server stores first, knows of its cause before it can permit anything.

import { HostState, type Wanted } from '../../proto/gen/lull/link/v1/link.js';
import type { Reading as WireReading } from '../../proto/gen/lull/sensor/v1/sensor.js';
import { partitionOf, subjects } from '../../proto/subjects.js';
import { readingToWire } from '../../proto/wire/reading.js';
import type { Reading, Readings } from '../../conditions/reading.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Nats } from '../../runtime/nats.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { Guard } from '../guard/guard.loop.js';
import { markOfMachine } from './mark.nats.js';
import { changesSince, lacksSome } from './changes.js';

const LEVELS_EVERY_MS = 1_000;
/** Under half of what an orchestrator takes for silence. */
const KEEP_ALIVE_MS = 10_000;
/** Of that, how much earlier it may come. */
const KEEP_ALIVE_JITTER = 0.2;

export interface StateFeed extends Closeable {
  want(wanted: Wanted): void;
}

export function publishState(deps: {
  readonly nats: Nats;
  readonly machine: Pick<Guard, 'readings' | 'onReadings' | 'want'>;
  readonly hostId: string;
  readonly instanceId: string;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
}): StateFeed {
  const { clock, random, hostId, instanceId, machine } = deps;
  const { connection } = deps.nats;
  const subject = subjects.state(partitionOf(hostId), hostId);
  let told: Readings = new Map();
  let sequence = 0n;
  let cancelLevels: CancelTimer | undefined;
  let cancelKeepAlive: CancelTimer = () => undefined;

  function send(changed: readonly Reading[], snapshot: boolean): void {
    if (changed.length > 0 || snapshot) sequence += 1n;
    told = machine.readings;
    cancelLevels?.();
    cancelLevels = undefined;
    keepAliveLater();
    const sentAtUnixMs = BigInt(Math.round(clock.now().wallMs));
    const news = changed.map(toldAfar);
    const state = { instanceId, sequence, snapshot, readings: news, sentAtUnixMs };
    connection.publish(subject, HostState.encode(state).finish(), { headers: markOfMachine() });
  }

  function sendAll(): void {
    send([...machine.readings.values()], true);
  }

  function sendChanges(): void {
    if (lacksSome(told, machine.readings)) sendAll();
    else send(changesSince(told, machine.readings).readings, false);
  }

  /** W2 */
  function keepAliveLater(): void {
    cancelKeepAlive();
    const inMs = KEEP_ALIVE_MS * (1 - random() * KEEP_ALIVE_JITTER);
    cancelKeepAlive = clock.after(inMs, () => {
      send([], false);
    });
  }

  const stopReading = machine.onReadings(() => {
    const { readings } = machine;
    if (changesSince(told, readings).isEdge || lacksSome(told, readings))
      sendChanges(); // W1
    else cancelLevels ??= clock.after(LEVELS_EVERY_MS, sendChanges);
  });
  const stopListening = deps.nats.onReconnect(sendAll);
  keepAliveLater();
  return {
    want: ({ edgesOnly, apps, diskPaths }) => {
      machine.want({ edgesOnly, apps, diskPaths });
      sendAll(); // W3
    },
    close: () => {
      stopListening();
      stopReading();
      cancelLevels?.();
      cancelKeepAlive();
    },
  };
}

/** Its instant on this machine's clock means nothing to others. */
function toldAfar(reading: Reading): WireReading {
  return { ...readingToWire(reading), observedMonotonicNs: 0n };
}
