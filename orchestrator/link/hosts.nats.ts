// The orchestrator's end of the link between machines: every host of one partition.
//
// Invariants:
//   H3. A host speaks for itself: what it says of itself is held against the subject that the server let
//       it publish on; and what a server sends for one, to a subject of another, has no host's mark.
//   H5. Whoever cannot hear the partition's machines any more does not go on leading it.
//   Who is there is kept by attendance.loop.ts (H4, H6, H7), in what order they are heard by listening.nats.ts.

import type { JetStreamManager, JsMsg } from '@nats-io/jetstream';
import { Down, HostState, Lead } from '../../proto/gen/lull/link/v1/link.js';
import { subjects } from '../../proto/subjects.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { listenTo } from './listening.nats.js';
import { keepAttendance, type HostAttendant } from './attendance.loop.js';
import { hostOf, saidIn } from './said.wire.js';
import { hearHosts, say } from './say.nats.js';

const LOOK_EVERY_MS = 5_000;
const LEAD_EVERY_MS = 10_000;

export async function serveHosts(deps: {
  readonly nats: Nats;
  readonly jsm: JetStreamManager;
  readonly partition: string;
  /** New each time that the lead is taken. */
  readonly leaderId: string;
  readonly attendantOf: (hostId: string) => HostAttendant;
  readonly replicaCount: number;
  /** H5: called when nothing more will be heard, also after `close`. */
  readonly onDeaf: (error?: unknown) => void;
  /** Whether a machine has said hello before. */
  readonly isKnown: (hostId: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<Closeable> {
  const { nats, jsm, replicaCount, partition, leaderId, onDeaf, clock, log } = deps;
  const { connection } = nats;
  const attendance = keepAttendance({
    ...deps,
    send: (hostId, down) => {
      say(connection, subjects.down(hostId), Down.encode(down).finish());
    },
  });

  async function hear(message: JsMsg): Promise<void> {
    const said = saidIn(partition, message);
    if (typeof said === 'string')
      log.error({ subject: message.subject }, said); // H3
    else await attendance.hear(said);
  }

  const listening = await listenTo({
    ...{ nats, jsm, replicaCount, partition, leaderId, hear, onDeaf, log },
  });
  const states = hearHosts(connection, subjects.state(partition, '*'), log, (message) => {
    attendance.hearState(hostOf(message.subject), HostState.decode(message.data));
  });
  let closed = false;
  const cancels = new Set<CancelTimer>();
  const every = (ms: number, act: () => void): void => {
    const cancel = clock.after(ms, () => {
      cancels.delete(cancel);
      act();
      if (!closed) every(ms, act);
    });
    cancels.add(cancel);
  };
  const announce = (): void => {
    say(connection, subjects.lead(partition), Lead.encode({ leaderId }).finish());
  };
  announce();
  every(LEAD_EVERY_MS, announce);
  every(LOOK_EVERY_MS, attendance.lookForSilence);

  return {
    close: async () => {
      closed = true;
      for (const cancel of cancels) cancel();
      states.unsubscribe();
      await listening.close();
    },
  };
}
