// A network that goes wrong when a test says so: a TCP proxy before one server.
//
// Invariants:
//   F1. What is held up arrives later, whole and in order, as TCP repeats what was lost; but a connection
//       that was half-open stays dead for ever, and neither side hears of the other's end.
//   F2. No more is held up than HELD_BYTES_MAX in each direction of a connection: after that nothing is
//       read any more, and whoever writes feels it.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Closeable } from '../../runtime/shutdown.js';

type Direction = 'to the server' | 'to the client';

export type Fault =
  | { readonly kind: 'none' }
  /** Everything arrives so much later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Every connection is reset, and every new one too. */
  | { readonly kind: 'cut' }
  /** Connections are taken and are there, and nothing passes: no byte, no end. */
  | { readonly kind: 'half-open' }
  /** Bytes pass in the other direction only. */
  | { readonly kind: 'one-way'; readonly lost: Direction }
  /** The client takes so many bytes a second from the server. */
  | { readonly kind: 'slow'; readonly bytesPerS: number };

export interface FaultProxy extends Closeable {
  /** Where the server is, for whoever is to be behind the proxy. */
  readonly url: URL;
  /** From now on. */
  become(fault: Fault): void;
  /** Connections that were taken so far. */
  readonly takenCount: number;
  close(): Promise<void>;
}

const HELD_BYTES_MAX = 2 ** 20;
/** What waits for its time is looked at so often. */
const TICK_MS = 10;

export async function startFaultProxy(server: URL): Promise<FaultProxy> {
  let fault: Fault = { kind: 'none' };
  let takenCount = 0;
  const lines = new Set<Line>();
  const listener = createServer((client) => {
    takenCount += 1;
    if (fault.kind === 'cut') {
      client.destroy();
      return;
    }
    const line = new Line(client, connect(Number(server.port), server.hostname), () => fault);
    lines.add(line);
    line.onEnd = () => lines.delete(line);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const ticking = setInterval(() => {
    for (const line of lines) line.move();
  }, TICK_MS);
  const url = new URL(server);
  url.port = String((listener.address() as AddressInfo).port);
  const resetAll = (): void => {
    for (const line of [...lines]) line.reset();
  };
  return {
    url,
    get takenCount() {
      return takenCount;
    },
    become: (next) => {
      fault = next;
      if (next.kind === 'cut') resetAll();
      for (const line of lines) line.move();
    },
    close: async () => {
      clearInterval(ticking);
      const closed = once(listener, 'close');
      listener.close();
      resetAll();
      await closed;
    },
  };
}

/** A connection, in both directions. */
class Line {
  onEnd: () => void = () => undefined;
  private isDead = false;
  private readonly lanes: readonly Lane[];

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    private readonly fault: () => Fault,
  ) {
    const move = (): void => {
      this.move();
    };
    this.lanes = [
      new Lane(client, server, 'to the server', move),
      new Lane(server, client, 'to the client', move),
    ];
    for (const socket of [client, server]) {
      socket.setNoDelay();
      socket.on('error', () => undefined); // Its end follows.
      socket.once('close', () => {
        if (this.fault().kind === 'one-way') this.isDead = true; // F1: the end may be what is lost.
        if (this.client.closed && this.server.closed) this.onEnd();
        this.move();
      });
    }
    move();
  }

  move(): void {
    const fault = this.fault();
    if (fault.kind === 'half-open') this.isDead = true;
    if (this.isDead) return;
    for (const lane of this.lanes) lane.move(fault);
  }

  reset(): void {
    this.client.destroy();
    this.server.destroy();
    this.onEnd();
  }
}

/** One direction of a connection. */
class Lane {
  private held: { readonly bytes: Buffer; readonly cameAtMs: number }[] = [];
  private heldBytes = 0;
  /** Bytes that a slow client takes now. */
  private credit = 0;
  private creditAtMs = performance.now();

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly direction: Direction,
    onBytes: () => void,
  ) {
    from.on('data', (bytes: Buffer) => {
      this.held.push({ bytes, cameAtMs: performance.now() });
      this.heldBytes += bytes.byteLength;
      if (this.heldBytes >= HELD_BYTES_MAX) from.pause(); // F2
      onBytes();
    });
  }

  /** Lets pass what may. */
  move(fault: Fault): void {
    if (fault.kind === 'one-way' && fault.lost === this.direction) return;
    const nowMs = performance.now();
    const dueMs = nowMs - (fault.kind === 'delay' ? fault.ms : 0);
    let most = Number.POSITIVE_INFINITY;
    if (fault.kind === 'slow' && this.direction === 'to the client') {
      const { bytesPerS } = fault;
      const earned = ((nowMs - this.creditAtMs) * bytesPerS) / 1_000;
      most = this.credit = Math.min(this.credit + earned, bytesPerS);
    }
    this.creditAtMs = nowMs;
    while (this.to.writableLength < HELD_BYTES_MAX) {
      const [next] = this.held;
      if (next === undefined || next.cameAtMs > dueMs || most < 1) break;
      const now = next.bytes.subarray(0, most);
      const later = next.bytes.subarray(now.byteLength);
      if (later.byteLength === 0) this.held.shift();
      else this.held[0] = { ...next, bytes: later };
      this.heldBytes -= now.byteLength;
      this.credit -= now.byteLength;
      most -= now.byteLength;
      this.to.write(now);
    }
    if (this.heldBytes < HELD_BYTES_MAX && this.from.isPaused()) this.from.resume();
    if (this.from.closed && this.held.length === 0) this.to.end();
  }
}
