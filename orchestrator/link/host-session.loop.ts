// The orchestrator's end of the link to one plugin-host, on whichever carrier.
//
// Invariants:
//   K1. An event is acknowledged when whoever handles it has made it durable, never before.
//   K2. Events of one host are handled one after the other, in the order in which they came: `hear` is
//       called for the next message when it has resolved for the one before.
//   K3. A host that attaches again has replaced its older session.
//   K4. An event that was handled and is sent again, because its acknowledgement was lost, is
//       acknowledged and not handled twice.
//   K5. An instance that another one of the same name has replaced does not come back: two machines
//       that share a name, as copies of an image do, would take turns for ever.

import type {
  AttachRequest,
  AttachResponse,
  Confinement as WireConfinement,
  Hello,
} from '../../proto/gen/lull/link/v1/link.js';
import type { Confinement } from '../../conditions/confinement.js';
import type { ReasonCode } from '../../conditions/reason.js';
import { displayText } from '../../conditions/words.js';
import type { Log } from '../../runtime/log.js';
import { FactTooLargeError } from '../journal/fact-size.js';
import { confinementFromWire } from './confinement.wire.js';
import { eventFromWire, type LinkEvent } from './event.wire.js';
import { OverQuotaError } from './over-quota.js';

export interface HostConnection {
  readonly hostId: string;
  readonly instanceId: string;
  /** Undefined while its self-test is still on. */
  readonly confinement: Confinement | undefined;
  /** Names its machine's present start; undefined where it cannot tell. */
  readonly bootId: string | undefined;
  /** Runs that this instance holds, as it said when it attached, and for which epochs. */
  readonly held: ReadonlyMap<string, number>;
  /** The directory whose file system takes downloads and installs; empty: it did not say. */
  readonly diskPath: string;
  send(message: NonNullable<AttachResponse['kind']>): void;
}

export interface HostEdges {
  /** Whether another instance of its name has attached since this one did. */
  isReplaced(host: Pick<HostConnection, 'hostId' | 'instanceId'>): boolean;
  /** @throws OverQuotaError: it is not attached. */
  attached(host: HostConnection): Promise<void>;
  detached(host: HostConnection): void;
  /** It could not tell its machine to restart, or not to. */
  restartFailed(message: string): Promise<void>;
  /** What `host.confinement` says is new. @throws OverQuotaError: it does not count. */
  confined(host: HostConnection): Promise<void>;
  /** Resolves when the event is durable, or needs not be. */
  event(host: HostConnection, event: LinkEvent): Promise<void>;
}

export type Heard = 'heard' | 'out of turn' | 'replaced before' | 'too much said';

export interface HostSession {
  /** What the host has said (K2). */
  hear(kind: AttachRequest['kind']): Promise<Heard>;
  /** The connection is gone. */
  end(): void;
}

/** How a session answers, and how it is let go. */
export interface Carried {
  send(message: NonNullable<AttachResponse['kind']>): void;
  /** Another session of the same host has taken its place. */
  replaced(): void;
}

export interface HostSessions {
  open(carried: Carried): HostSession;
  /**
   * A session of a host that said hello to an orchestrator before this one: what it had said by then is
   * heard, but nothing is sent to it until it says hello again.
   */
  inherit(host: Pick<HostConnection, 'hostId' | 'instanceId'>): HostSession;
  /** Whether its hello would be refused (K5). */
  isReplaced(host: Pick<HostConnection, 'hostId' | 'instanceId'>): boolean;
}

interface Present {
  readonly session: HostSession;
  readonly carried: Carried;
}

/** What is remembered of a host over its sessions (K4). */
interface Remembered {
  /** The last event handled of its present instance. */
  readonly instanceId: string;
  readonly sequence: number;
}

/** Characters of the name of a machine's start, of an instance's, of a machine's, and of a path. */
const BOOT_ID_MAX = 64;
const INSTANCE_ID_MAX = 64;
const HOST_ID_MAX = 253;
const PATH_MAX = 4_096;
/** Runs that it says it holds. */
const HELD_MAX = 256;

/** Longer ones would be in the journal for ever. */
export function isInstanceName(text: string): boolean {
  return text.length <= INSTANCE_ID_MAX;
}

const duplicate = {
  reason: 'HOST_DUPLICATE' satisfies ReasonCode,
  message:
    'another machine goes by this name. Give one of them a name of its own (--host-id), as copies of an image need.',
};

type SpokenTo = HostConnection & { confinement: Confinement | undefined };

export function createHostSessions(deps: { edges: HostEdges; log: Log }): HostSessions {
  const { edges, log } = deps;
  let present: Present | undefined;
  let remembered: Remembered | undefined;

  async function confined(host: SpokenTo, wire: WireConfinement): Promise<void> {
    const before = host.confinement;
    host.confinement = confinementFromWire(wire); // In force at once: it may forbid.
    if (!(await isHeard(edges.confined(host)))) host.confinement = before;
  }

  /** Of a machine that has said too much not everything is. */
  async function isHeard(heard: Promise<void>): Promise<boolean> {
    try {
      await heard;
      return true;
    } catch (error) {
      if (error instanceof OverQuotaError) return false;
      throw error;
    }
  }

  /** What is bounded before is never too large; if it were, it would be heard again and again. */
  async function handled(host: HostConnection, event: LinkEvent): Promise<void> {
    try {
      await edges.event(host, event);
    } catch (error) {
      if (!(error instanceof FactTooLargeError)) throw error;
      log.error({ err: error, host: host.hostId, runId: event.runId }, 'an event is left out');
    }
  }

  function open(carried: Carried, inherited?: SpokenTo): HostSession {
    let host: SpokenTo | undefined = inherited;

    async function hear(kind: AttachRequest['kind']): Promise<Heard> {
      if (kind?.$case === 'hello' && host === undefined) {
        const { hostId, instanceId } = kind.value;
        if (!isInstanceName(instanceId) || hostId.length > HOST_ID_MAX) {
          const host = displayText(hostId, HOST_ID_MAX);
          log.warn({ host }, 'a host has a name, or one for its instance, that is too long');
          return 'out of turn';
        }
        if (edges.isReplaced(kind.value)) {
          log.error({ host: hostId }, 'two machines go by one name: the older one is not heard');
          carried.send({ $case: 'refused', value: duplicate });
          return 'replaced before'; // K5
        }
        host = connectionOf(kind.value, carried);
        if (remembered?.instanceId !== instanceId) remembered = { instanceId, sequence: 0 };
        present?.carried.replaced(); // K3
        present = { session, carried };
        host.send({ $case: 'welcome', value: {} });
        if (!(await isHeard(edges.attached(host)))) return 'too much said';
        if (kind.value.confined !== undefined) await confined(host, kind.value.confined);
      } else if (kind?.$case === 'confinement' && host !== undefined) {
        await confined(host, kind.value);
      } else if (kind?.$case === 'event' && host !== undefined) {
        const event = eventFromWire(kind.value);
        const last = remembered;
        if (last?.instanceId !== host.instanceId || event.sequence > last.sequence) {
          await handled(host, event); // K1, K4
          if (last?.instanceId === host.instanceId) {
            remembered = { instanceId: last.instanceId, sequence: event.sequence };
          }
        }
        host.send({ $case: 'acknowledge', value: { sequence: BigInt(event.sequence) } });
      } else if (kind?.$case === 'restartFailed' && host !== undefined) {
        await edges.restartFailed(displayText(kind.value.message, 256));
      } else {
        log.warn({ kind: kind?.$case }, 'a host sent a message out of turn');
        return 'out of turn';
      }
      return 'heard';
    }

    const session: HostSession = {
      hear,
      end: () => {
        if (host === undefined || present?.session !== session) return;
        present = undefined;
        edges.detached(host);
      },
    };
    return session;
  }

  return {
    open,
    isReplaced: (host) => edges.isReplaced(host),
    inherit: (host) => {
      const nobody = { send: () => undefined, replaced: () => undefined };
      const before = { ...host, bootId: '', runIds: [], held: [], diskPath: '' };
      return open(nobody, connectionOf(before, nobody));
    },
  };
}

function connectionOf(
  hello: Pick<Hello, 'hostId' | 'instanceId' | 'bootId' | 'runIds' | 'held' | 'diskPath'>,
  carried: Carried,
): SpokenTo {
  return {
    hostId: hello.hostId,
    instanceId: hello.instanceId,
    confinement: undefined,
    bootId: hello.bootId === '' ? undefined : displayText(hello.bootId, BOOT_ID_MAX),
    held: heldIn(hello),
    diskPath: hello.diskPath.length > PATH_MAX ? '' : displayText(hello.diskPath, PATH_MAX),
    send: (message) => {
      carried.send(message);
    },
  };
}

const holdsNothing: ReadonlyMap<string, number> = new Map();

/** An older host does not say for which epochs. No host holds more: each is answered, one by one. */
function heldIn(hello: Pick<Hello, 'runIds' | 'held'>): ReadonlyMap<string, number> {
  const [runIds, held] = [hello.runIds.slice(0, HELD_MAX), hello.held.slice(0, HELD_MAX)];
  if (runIds.length + held.length === 0) return holdsNothing;
  const anyEpoch = runIds.map((runId): [string, number] => [runId, Number.POSITIVE_INFINITY]);
  return new Map([
    ...anyEpoch,
    ...held.map(({ runId, epoch }): [string, number] => [runId, Number(epoch)]),
  ]);
}
