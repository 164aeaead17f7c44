// The machines of a partition, as whoever leads it hears them: who is there, in which session, and what it
// told of itself. How it comes, and how it is answered, is hosts.nats.ts'.
//
// Invariants:
//   H4. A host that is silent is not attached, and nothing is known of its machine.
//   H6. A machine's clock may be wrong: instants that it tells are taken as ages.
//   H7. A hello that was overtaken by a newer one of its instance opens nothing, and no machine obeys what
//       is said in the session of one: it may hold by now what it did not hold then.
//   H10. An instance that another one of its name has replaced is told so when it is heard, and not only when it
//       says hello by itself: nobody speaks to it any more, which it would not notice.

import type { Down, HostState, Up } from '../../proto/gen/lull/link/v1/link.js';
import { applyReadings } from '../../proto/wire/reading.js';
import type { Readings } from '../../conditions/reading.js';
import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { HostSession, HostSessions } from './host-session.loop.js';
import { byOurClock } from './our-clock.wire.js';
import type { Said } from './said.wire.js';
import { fallSilent, hearState, type ToldState } from './told-state.js';

/** More than twice what a host lets pass between two signs of life. */
const SILENT_MS = 25_000;
/** Between two times that one is asked to say hello. */
const ASK_AGAIN_MS = 5_000;

/** Who attends to a host. */
export interface HostAttendant {
  readonly sessions: HostSessions;
  see(readings: Readings): void;
  /** Some of what it told was lost: it is to tell the whole. */
  askForState(): void;
}

interface Attendance {
  /** Resolves when what was said is durable, or needs not be. */
  readonly hear: (said: Said) => Promise<void>;
  readonly hearState: (hostId: string, state: HostState) => void;
  /** Looks who has fallen silent. */
  readonly lookForSilence: () => void;
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

export function keepAttendance(deps: {
  /** New each time that the lead is taken. */
  readonly leaderId: string;
  readonly attendantOf: (hostId: string) => HostAttendant;
  /** Whether a machine has said hello before. */
  readonly isKnown: (hostId: string) => boolean;
  readonly send: (hostId: string, down: Down) => void;
  readonly clock: Clock;
  readonly log: Log;
}): Attendance {
  const { leaderId, send, clock, log } = deps;
  const hosts = new Map<string, KnownHost>();

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
        send(hostId, down);
      },
      replaced: leave,
    });
  }

  async function hearHello({ hostId, up, kind }: Said): Promise<void> {
    const { instanceId } = up;
    const host = knownHost(hostId);
    if (instanceId === host.instanceId && up.hello !== 0n && up.hello <= host.hello) return; // H7
    host.heardAtMs = clock.now().monotonicMs;
    const session = openSession(host, hostId, up);
    const heard = await session.hear(kind);
    // It is asked again as long as it speaks, until it may be attached.
    if (heard === 'too much said') [host.session, host.instanceId] = [undefined, ''];
    if (heard !== 'heard') return;
    [host.session, host.instanceId, host.hello] = [session, instanceId, up.hello];
    host.attendant.askForState();
  }

  async function hear(said: Said): Promise<void> {
    const { hostId, up, kind } = said;
    const { instanceId } = up;
    if (kind.$case === 'hello') {
      await hearHello(said);
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

  /**
   * A command out of turn: a host that was welcomed by us and is not attached any more says hello. One that is
   * attached may have said so already, where this comes from another instance: its hello is on its way.
   */
  function askForHello(host: KnownHost, hostId: string, instanceId: string): void {
    const nowMs = clock.now().monotonicMs;
    if (nowMs - host.askedAtMs < ASK_AGAIN_MS) return;
    const { sessions } = host.attendant;
    if (host.session !== undefined && !sessions.isReplaced({ hostId, instanceId })) return; // H10
    host.askedAtMs = nowMs;
    const message = { kind: { $case: 'acknowledge', value: { sequence: 0n } } } as const;
    const down = { instanceId, leaderId, sequence: 0n, message, hello: 0n };
    send(hostId, down);
  }

  function hearStateOf(hostId: string, told: HostState): void {
    const { instanceId, sequence, snapshot, sentAtUnixMs } = told;
    const readings = byOurClock(told.readings, Number(sentAtUnixMs), clock.now().wallMs); // H6
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

  return { hear, hearState: hearStateOf, lookForSilence };
}
