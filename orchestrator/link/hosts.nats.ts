// The orchestrator's end of the link between machines: every host of one partition.
//
// Invariants:
//   H3. A host speaks for itself: what it says of itself is held against the subject that the server let
//       it publish on; and what a server sends for one, to a subject of another, has no host's mark.
//   H4. A host that is silent is not attached, and nothing is known of its machine.
//   H5. Whoever cannot hear the partition's machines any more does not go on leading it.
//   H6. A machine's clock may be wrong: instants that it tells are taken as ages.
//   H7. A hello that was overtaken by a newer one of its instance opens nothing, and no machine obeys what
//       is said in the session of one: it may hold by now what it did not hold then.

import type { JetStreamManager, JsMsg } from '@nats-io/jetstream';
import { Down, HostState, Lead, type Up } from '../../proto/gen/lull/link/v1/link.js';
import { subjects } from '../../proto/subjects.js';
import { applyReadings } from '../../proto/wire/reading.js';
import type { Readings } from '../../conditions/reading.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { HostSession, HostSessions } from './host-session.loop.js';
import { byOurClock } from './our-clock.wire.js';
import { listenTo } from './listening.nats.js';
import { hostOf, saidIn } from './said.wire.js';
import { hearHosts, say } from './say.nats.js';
import { fallSilent, hearState, type ToldState } from './told-state.js';

/** More than twice what a host lets pass between two signs of life. */
const SILENT_MS = 25_000;
const LOOK_EVERY_MS = 5_000;
const LEAD_EVERY_MS = 10_000;

/** Who attends to a host. */
export interface HostAttendant {
  readonly sessions: HostSessions;
  see(readings: Readings): void;
  /** Some of what it told was lost: it is to tell the whole. */
  askForState(): void;
}

/** Of a session that was replaced: its instance is not the one that is spoken to any more. */
const leave = (): void => undefined;

interface KnownHost {
  readonly attendant: HostAttendant;
  session: HostSession | undefined;
  /** Of the session; with the number of the hello that opened it. */
  instanceId: string;
  hello: bigint;
  state: ToldState | undefined;
  heardAtMs: number;
  /** When it was last asked to say hello. */
  askedAtMs: number;
}

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
  const { nats, jsm, partition, leaderId, clock, log } = deps;
  const { connection } = nats;
  const hosts = new Map<string, KnownHost>();
  let closed = false;

  function knownHost(hostId: string): KnownHost {
    const known = hosts.get(hostId);
    if (known !== undefined) return known;
    const host: KnownHost = {
      attendant: deps.attendantOf(hostId),
      session: undefined,
      instanceId: '',
      hello: 0n,
      state: undefined,
      heardAtMs: clock.now().monotonicMs,
      askedAtMs: Number.NEGATIVE_INFINITY,
    };
    hosts.set(hostId, host);
    return host;
  }

  function openSession(host: KnownHost, hostId: string, up: Up): HostSession {
    const { instanceId, hello } = up;
    let sequence = 0n;
    return host.attendant.sessions.open({
      send: (kind) => {
        sequence += 1n;
        const down = { instanceId, leaderId, sequence, message: { kind }, hello };
        say(connection, subjects.down(hostId), Down.encode(down).finish());
      },
      replaced: leave,
    });
  }

  async function hear(message: JsMsg): Promise<void> {
    const said = saidIn(partition, message);
    if (typeof said === 'string') {
      log.error({ subject: message.subject }, said); // H3
      return;
    }
    const { hostId, up, kind } = said;
    const { instanceId } = up;
    if (kind.$case === 'hello') {
      const host = knownHost(hostId);
      if (instanceId === host.instanceId && up.hello !== 0n && up.hello <= host.hello) return; // H7
      host.heardAtMs = clock.now().monotonicMs;
      const session = openSession(host, hostId, up);
      const heard = await session.hear(kind);
      if (heard === 'heard') {
        host.session = session;
        host.instanceId = instanceId;
        host.hello = up.hello;
        host.attendant.askForState();
      }
      return;
    }
    if (!hosts.has(hostId) && !deps.isKnown(hostId)) {
      log.warn({ host: hostId }, 'a machine that never said hello is not heard');
      return;
    }
    const host = knownHost(hostId);
    // Of an instance that said hello to the leader before us, or that another one has replaced.
    const present = host.instanceId === instanceId ? host.session : undefined;
    if (present !== undefined) host.heardAtMs = clock.now().monotonicMs;
    const { sessions } = host.attendant;
    await (present ?? sessions.inherit({ hostId, instanceId })).hear(kind);
    if (present === undefined) askForHello(host, hostId, instanceId);
  }

  /** A command out of turn: a host that was welcomed by us and is not attached any more says hello. */
  function askForHello(host: KnownHost, hostId: string, instanceId: string): void {
    const nowMs = clock.now().monotonicMs;
    if (host.session !== undefined || nowMs - host.askedAtMs < LOOK_EVERY_MS) return;
    host.askedAtMs = nowMs;
    const message = { kind: { $case: 'acknowledge', value: { sequence: 0n } } } as const;
    const down = { instanceId, leaderId, sequence: 0n, message, hello: 0n };
    say(connection, subjects.down(hostId), Down.encode(down).finish());
  }

  function hearStateOf(hostId: string, data: Uint8Array): void {
    const { instanceId, sequence, snapshot, readings: told, sentAtUnixMs } = HostState.decode(data);
    const readings = byOurClock(told, Number(sentAtUnixMs), clock.now().wallMs); // H6
    const host = hosts.get(hostId);
    if (host === undefined) return; // It says hello, and tells the whole then.
    if (host.instanceId !== instanceId) {
      askForHello(host, hostId, instanceId);
      return;
    }
    host.heardAtMs = clock.now().monotonicMs;
    const isChange = snapshot || readings.length > 0;
    const message = { instanceId, sequence: Number(sequence), snapshot, isChange };
    const before = host.state;
    const after = hearState(before, message, (known) =>
      applyReadings(known, { snapshot, readings }),
    );
    if (after === undefined) return;
    host.state = after;
    if (!after.isWhole && before?.isWhole !== false) host.attendant.askForState();
    if (after.readings !== before?.readings) host.attendant.see(after.readings);
  }

  /** H4. */
  function lookForSilence(): void {
    const nowMs = clock.now().monotonicMs;
    for (const [hostId, host] of hosts) {
      if (host.session === undefined || nowMs - host.heardAtMs < SILENT_MS) continue;
      log.warn({ host: hostId }, 'a host is silent');
      host.session.end();
      [host.session, host.instanceId] = [undefined, ''];
      if (host.state === undefined) continue;
      host.state = fallSilent(host.state);
      host.attendant.see(host.state.readings);
    }
  }

  const { replicaCount, onDeaf } = deps;
  const listening = await listenTo({
    ...{ nats, jsm, replicaCount, partition, leaderId, hear, onDeaf, log },
  });
  const states = hearHosts(connection, subjects.state(partition, '*'), log, (message) => {
    hearStateOf(hostOf(message.subject), message.data);
  });
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
  every(LOOK_EVERY_MS, lookForSilence);

  return {
    close: async () => {
      closed = true;
      for (const cancel of cancels) cancel();
      states.unsubscribe();
      await listening.close();
    },
  };
}
