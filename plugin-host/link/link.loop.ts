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
import { Connection } from './connection.loop.js';
import type { ReadBundle } from '../catalog/catalog.fs.js';
import type { RunEvent } from '../runs/event.js';
import type { Report } from './event.wire.js';
import { helloToWire, type Held } from './hello.wire.js';
import { Waiting } from './waiting.loop.js';

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

interface LinkDeps {
  readonly carrier: LinkCarrier;
  readonly hostId: string;
  readonly instanceId: string;
  /** Names this start of the machine; empty where nobody can tell. */
  readonly bootId: string;
  /** The directory whose file system takes downloads and installs. */
  readonly diskPath: string;
  /** Told of each event of a run that the journal has. */
  readonly onHeard?: (report: Report) => void;
  /** Told why no orchestrator hears this machine any more: nothing is tried again. */
  readonly onRefused?: (problem: string) => void;
  readonly clock: Clock;
  readonly log: Log;
}

export function openLink(deps: LinkDeps): Link {
  const attachment = new Attachment(deps);
  const { carrier, clock } = deps;
  const { waiting } = attachment;
  return {
    attach: (served) => {
      attachment.connect(served);
    },
    report: ({ runId, epoch }, event) => {
      waiting.add({ runId, epoch, atMs: clock.now().wallMs, event });
      attachment.connection?.tellWaiting();
    },
    isNotHere: (runId) => {
      attachment.isNotHere(runId);
    },
    room: (signal) => waiting.room(signal),
    restartFailed: (message) => attachment.connection?.restartFailed(message),
    confines: (known) => {
      attachment.confinement = known;
      attachment.connection?.tellConfinement(known);
    },
    readBundle: carrier.readBundle,
    flush: (deadlineMs) => attachment.flush(deadlineMs),
    close: () => {
      attachment.close();
      return carrier.close();
    },
  };
}

/** The connection that there is, and the next one when it has ended. */
class Attachment {
  readonly waiting: Waiting;
  connection: Connection | undefined;
  confinement: Confinement | undefined;
  /** Ends this connection, so that there is a new one. */
  private leave: (why: string) => void = () => undefined;
  private retryMs = RECONNECT_MS_MIN;
  private cancelRetry: CancelTimer = () => undefined;
  private flushed: (() => void)[] = [];
  private closed = false;

  constructor(private readonly deps: LinkDeps) {
    this.waiting = new Waiting(deps.onHeard);
  }

  connect(served: Attached): void {
    const stream = this.deps.carrier.attach();
    const connection = new Connection(stream, this.waiting, this.confinement);
    this.connection = connection;
    this.leave = (why) => {
      if (!connection.end() || this.closed) return;
      this.deps.log.debug({ why }, 'the orchestrator is out of reach'); // L2
      this.retry(served);
    };
    const { leave } = this;
    stream.on('error', (error) => {
      leave(error.message);
    });
    stream.on('end', () => {
      leave('the stream ended');
      stream.end();
    });
    stream.on('stored', (sequence) => {
      connection.stored(sequence);
      this.tellFlushed();
    });
    stream.on('data', ({ kind }: AttachResponse) => {
      if (!this.closed && kind !== undefined) this.hear(kind, connection, served);
    });
    this.sayHello(stream, served);
  }

  isNotHere(runId: string): void {
    const { connection } = this;
    if (connection?.present !== true || this.waiting.isOf(runId)) return;
    this.deps.log.warn({ runId }, 'the orchestrator waits for a run that is not here');
    this.leave('it waits for a run that is not here');
    connection.hangUp();
  }

  flush(deadlineMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.connection?.present !== true || this.connection.keepsAll) {
        resolve();
        return;
      }
      const cancel = this.deps.clock.after(deadlineMs, resolve);
      this.flushed.push(cancel, resolve);
    });
  }

  close(): void {
    this.closed = true;
    this.cancelRetry();
    this.flushed = [];
    this.waiting.close();
    if (this.connection?.end() === true) this.connection.hangUp();
  }

  private retry(served: Attached): void {
    this.cancelRetry = this.deps.clock.after(this.retryMs, () => {
      this.connect(served);
    });
    this.retryMs = Math.min(this.retryMs * 2, this.deps.carrier.retryMsMax);
  }

  private sayHello(stream: LinkStream, served: Attached): void {
    // A run whose end was not heard yet is still held: otherwise it would count as cut.
    // Whatever else waits is of a run that is here, or went down with the instance before.
    const unheard = this.waiting.all
      .filter(({ event: { event } }) => event.kind === 'finished')
      .map(({ event: { runId, epoch } }) => ({ runId, epoch }));
    const held = [...served.held(), ...unheard];
    const hello = helloToWire(this.deps, held, this.confinement);
    stream.write({ kind: { $case: 'hello', value: hello } });
  }

  private hear(kind: Command, connection: Connection, served: Attached): void {
    if (kind.$case === 'welcome') {
      this.retryMs = RECONNECT_MS_MIN;
      connection.welcome(this.confinement);
    } else if (kind.$case === 'acknowledge') {
      this.waiting.acknowledged(Number(kind.value.sequence));
      this.tellFlushed();
    } else if (kind.$case === 'refused') {
      const { reason, message } = kind.value;
      const words = `the orchestrator does not hear us: ${message} It is asked again when this is started anew.`;
      this.deps.log.error({ reason, host: this.deps.hostId }, words);
      this.deps.onRefused?.(words);
      this.close();
    } else served.onCommand(kind);
  }

  private tellFlushed(): void {
    if (this.connection?.keepsAll === true) for (const tell of this.flushed.splice(0)) tell();
  }
}
