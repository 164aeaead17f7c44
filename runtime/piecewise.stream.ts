// Connections of callers that are not ours, read piece by piece (T23). What costs a parser is not how many
// bytes come but what they say: two megabytes, which the loop reads of a socket before it looks at anything
// else, are two hundred thousand frames or chunks of one byte each, and some seconds.
//
// Invariants:
//   P1. In one turn of the loop one piece is read, of one of the connections that share a `Turnstile`:
//       whoever guards a person has a turn in between.
//   P2. Of a connection that is left unread nothing is taken any more: the rest waits with its sender.
//   P3. Nor is anything of any of them while the `Turnstile` is shut.

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate as othersFirst, setTimeout as sleep } from 'node:timers/promises';

/** Some hundreds of the smallest that a parser can be given: a millisecond. */
export const PIECE_BYTES_MAX = 4 * 1024;

export class Turnstile {
  private last: Promise<void> = Promise.resolve();
  private opensAtMs = Number.NEGATIVE_INFINITY;

  /** @param lets is given each piece before anybody else; false: the connection is broken off. */
  through(socket: Socket, lets: (bytes: Uint8Array) => boolean = () => true): Piecewise {
    return new Piecewise(socket, () => this.turn(), lets);
  }

  /** P3. */
  shut(forMs: number): void {
    this.opensAtMs = performance.now() + forMs;
  }

  private turn(): Promise<void> {
    this.last = this.last.then(() => this.next());
    return this.last;
  }

  private async next(): Promise<void> {
    const leftMs = this.opensAtMs - performance.now();
    // Nobody stays for those that wait.
    if (leftMs > 0) await sleep(leftMs, undefined, { ref: false });
    else await othersFirst();
  }
}

export class Piecewise extends Duplex {
  private isLeft = false;

  constructor(
    private readonly socket: Socket,
    private readonly turn: () => Promise<void>,
    private readonly lets: (bytes: Uint8Array) => boolean,
  ) {
    super({ readableHighWaterMark: PIECE_BYTES_MAX });
    socket.once('end', () => {
      this.push(null);
    });
    socket.on('error', (error) => {
      this.destroy(error);
    });
    socket.once('close', () => {
      if (!socket.readableEnded) this.destroy();
    });
  }

  /** P2. */
  leaveUnread(): void {
    this.isLeft = true;
  }

  /** As a socket's, which http calls after an answer that is the last. */
  destroySoon(): void {
    if (this.writableFinished) this.destroy();
    else {
      this.end(() => {
        this.destroy();
      });
    }
  }

  override _read(): void {
    // P1. A turn never fails.
    void this.turn().then(() => {
      this.takePiece();
    });
  }

  private takePiece(): void {
    const { socket } = this;
    if (this.isLeft || this.destroyed) return;
    const bytes = socket.read(Math.min(PIECE_BYTES_MAX, socket.readableLength)) as Buffer | null;
    if (bytes !== null && !this.lets(bytes)) this.destroy();
    else if (bytes !== null) this.push(bytes);
    else if (!socket.readableEnded) {
      socket.once('readable', () => {
        this.takePiece();
      });
    }
  }

  override _write(
    bytes: Buffer,
    encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    this.socket.write(bytes, encoding, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.socket.end(() => {
      done();
    });
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.socket.destroy(error ?? undefined);
    done(error);
  }
}
