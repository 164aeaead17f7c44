// The plugin-host's end of the link: attaches, hands commands over, reports events, on whichever carrier.
//
// Invariants:
//   L1. After every new connection the orchestrator hears what runs here, and every event that it
//       has not acknowledged, in order.
//   L2. A lost connection changes nothing by itself: leases run out, guards go on.
//   L3. No more is handed to a connection than it takes: what an orchestrator does not read waits in
//       the outbox alone, which is bounded (T23).
//   L4. An orchestrator that waits for a run which is not here, and whose end is not on its way, hears
//       that it is not: by a new hello, which says what runs here. It would wait without an end.

import type { AttachResponse } from '../../proto/gen/lull/link/v1/link.js';
import type { Confinement } from '../../conditions/confinement.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { LinkCarrier, LinkStream } from './carrier.wire.js';
import type { ReadBundle } from '../catalog/catalog.fs.js';
import type { RunEvent } from '../runs/event.js';
import { confinementToWire, helloToWire, type Held } from './hello.wire.js';
import { reportToWire, type Report } from './event.wire.js';
import { acknowledged, emptyOutbox, isFull, post } from './outbox.js';
import { weightOf } from './weight.js';

const RECONNECT_MS_MIN = 100;

type Command = NonNullable<AttachResponse['kind']>;

/** What the link serves. */
export interface Attached {
  readonly held: () => readonly Held[];
  readonly onCommand: (command: Command) => void;
}

export interface Link extends Closeable {
  /** Connects, and stays so until closed. Once. */
  attach(served: Attached): void;
  report: (run: { runId: string; epoch: number }, event: RunEvent) => void;
  /** A run is renewed, and does not run here (L4). */
  isNotHere(runId: string): void;
  /**
   * Resolves when there is room for what an updater brings about, or when the signal is aborted
   * (outbox.ts, O2).
   */
  readonly room: (signal: AbortSignal) => Promise<void>;
  /** Nobody acknowledges it: a machine that does not restart is told again later. */
  readonly restartFailed: (message: string) => void;
  /** Tells how strongly updaters are confined here, now and over every new connection. */
  confines(confinement: Confinement): void;
  readonly readBundle: ReadBundle;
  /** Resolves when every event is acknowledged, or stored by what carries it, or after `deadlineMs`. */
  flush(deadlineMs: number): Promise<void>;
}

export function openLink(deps: {
  readonly carrier: LinkCarrier;
  readonly hostId: string;
  readonly instanceId: string;
  /** Names this start of the machine; empty where nobody can tell. */
  readonly bootId: string;
  /** The directory whose file system takes downloads and installs. */
  readonly diskPath: string;
  readonly clock: Clock;
  readonly log: Log;
}): Link {
  const { carrier, clock, log } = deps;
  let outbox = emptyOutbox<Report>();
  let stream: LinkStream | undefined;
  /** Ends this connection, so that there is a new one. */
  let leave: (why: string) => void = () => undefined;
  /** The last event that this connection was handed, and whether it takes another one. */
  let sentSequence = 0;
  let draining = false;
  /** The last that this connection's carrier keeps. */
  let storedSequence = 0;
  const roomWanted = new Set<() => void>();
  let retryMs = RECONNECT_MS_MIN;
  let cancelRetry: CancelTimer = () => undefined;
  let confinement: Confinement | undefined;
  /** Over this connection. */
  let toldConfinement: Confinement | undefined;
  let closed = false;
  let flushed: (() => void)[] = [];

  function connect(served: Attached): void {
    const attached = carrier.attach();
    let ended = false;
    const onEnd = (why: string): void => {
      if (ended) return;
      ended = true;
      if (stream === attached) stream = undefined;
      if (closed) return;
      log.debug({ why }, 'the orchestrator is out of reach'); // L2
      cancelRetry = clock.after(retryMs, () => {
        connect(served);
      });
      retryMs = Math.min(retryMs * 2, carrier.retryMsMax);
    };
    attached.on('error', (error) => {
      onEnd(error.message);
    });
    attached.on('end', () => {
      onEnd('the stream ended');
      attached.end();
    });
    attached.on('stored', (sequence) => {
      if (stream !== attached) return;
      storedSequence = sequence;
      tellFlushed();
    });
    attached.on('data', ({ kind }: AttachResponse) => {
      if (closed) return;
      if (kind?.$case === 'welcome') {
        retryMs = RECONNECT_MS_MIN;
        stream = attached;
        leave = (why) => {
          onEnd(why);
          attached.end();
        };
        [sentSequence, storedSequence, draining] = [0, 0, false];
        sendConfinement();
        sendWaiting(); // L1
      } else if (kind?.$case === 'acknowledge') {
        outbox = acknowledged(outbox, Number(kind.value.sequence));
        if (!isFull(outbox)) for (const tell of [...roomWanted]) tell();
        tellFlushed();
      } else if (kind?.$case === 'refused') {
        const { reason, message } = kind.value;
        log.error({ reason, host: deps.hostId }, `the orchestrator does not hear us: ${message}`);
        close();
      } else if (kind !== undefined) served.onCommand(kind);
    });
    // A run whose end was not heard yet is still held: otherwise it would count as cut.
    // What was found changed in a root may be of a run that went down with the instance before.
    const unheard = outbox.waiting
      .filter(({ event: { event } }) => event.kind !== 'rootChanged')
      .map(({ event: { runId, epoch } }) => ({ runId, epoch }));
    toldConfinement = confinement;
    const hello = helloToWire(deps, [...served.held(), ...unheard], confinement);
    attached.write({ kind: { $case: 'hello', value: hello } });
  }

  function sendConfinement(): void {
    if (confinement === undefined || confinement === toldConfinement) return;
    toldConfinement = confinement;
    const value = confinementToWire(confinement);
    stream?.write({ kind: { $case: 'confinement', value } });
  }

  /** L3. */
  function sendWaiting(): void {
    const present = stream;
    const { waiting } = outbox;
    const first = waiting.findLastIndex(({ sequence }) => sequence <= sentSequence) + 1;
    for (let at = first; at < waiting.length && present !== undefined && !draining; at += 1) {
      const each = waiting[at];
      if (each === undefined) return;
      sentSequence = each.sequence;
      const value = reportToWire(each.sequence, each.event);
      if (present.write({ kind: { $case: 'event', value } })) continue;
      draining = true;
      present.once('drain', () => {
        if (stream !== present) return;
        draining = false;
        sendWaiting();
      });
    }
  }

  function isFlushed(): boolean {
    return (outbox.waiting.at(-1)?.sequence ?? 0) <= storedSequence;
  }

  function tellFlushed(): void {
    if (isFlushed()) for (const tell of flushed.splice(0)) tell();
  }

  function close(): void {
    closed = true;
    cancelRetry();
    flushed = [];
    for (const tell of [...roomWanted]) tell();
    stream?.end();
    stream = undefined;
  }

  return {
    attach: connect,
    report: ({ runId, epoch }, event) => {
      const report = { runId, epoch, atMs: clock.now().wallMs, event };
      outbox = post(outbox, report, {
        bytes: weightOf(report),
        droppable: event.kind === 'progress',
      });
      sendWaiting();
    },
    isNotHere: (runId) => {
      if (stream === undefined) return;
      if (outbox.waiting.some(({ event }) => event.runId === runId)) return;
      log.warn({ runId }, 'the orchestrator waits for a run that is not here');
      leave('it waits for a run that is not here');
    },
    room: (signal) =>
      new Promise((resolve) => {
        if (!isFull(outbox) || signal.aborted) {
          resolve();
          return;
        }
        const end = (): void => {
          roomWanted.delete(end);
          signal.removeEventListener('abort', end);
          resolve();
        };
        roomWanted.add(end);
        signal.addEventListener('abort', end, { once: true });
      }),
    restartFailed: (message) => {
      stream?.write({ kind: { $case: 'restartFailed', value: { message } } });
    },
    confines: (known) => {
      confinement = known;
      sendConfinement();
    },
    readBundle: carrier.readBundle,
    flush: (deadlineMs) =>
      new Promise((resolve) => {
        if (isFlushed() || stream === undefined) {
          resolve();
          return;
        }
        const cancel = clock.after(deadlineMs, resolve);
        flushed.push(cancel, resolve);
      }),
    close: () => {
      close();
      return carrier.close();
    },
  };
}
