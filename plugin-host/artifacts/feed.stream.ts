// The connection that node:http is given. It reads through it for as long as that is its own to read: the
// head of an answer, and a body in pieces of its own. What is left of a body whose length is known is read
// past it, because its parser would copy all of it once more.
//
// Invariants:
//   W1. Nothing that comes is lost or read twice when http is left: what it was given it has, and what was
//       asked for in its name, and is not given yet, is the first that the reader after it gets.
//   W2. It is given one piece in a turn of the loop: what its parser makes of a batch of chunks of one
//       byte each takes the better part of a second.

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate as othersFirst } from 'node:timers/promises';
import { PIECE_BYTES_MAX } from '../../runtime/piecewise.stream.js';
import type { Inflow } from './inflow.stream.js';

export class Feed extends Duplex {
  private isLeft = false;
  private asked: Promise<Uint8Array | undefined> | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly inflow: Inflow,
  ) {
    super();
  }

  /** Ends what http is told. @returns asks for what comes after that: see Inflow.next. */
  leave(): () => Promise<Uint8Array | undefined> {
    this.isLeft = true;
    return () => {
      const next = this.asked ?? this.inflow.next(); // W1
      this.asked = undefined;
      return next;
    };
  }

  override _read(): void {
    if (this.isLeft) return;
    const asked = this.asked ?? this.inflow.next();
    this.asked = asked;
    asked.then(
      (bytes) => {
        void this.give(bytes);
      },
      (error: unknown) => {
        this.destroy(error as Error);
      },
    );
  }

  /** W2. */
  private async give(bytes: Uint8Array | undefined): Promise<void> {
    await othersFirst();
    if (this.isLeft) return;
    const rest = bytes?.subarray(PIECE_BYTES_MAX);
    this.asked = rest === undefined || rest.byteLength === 0 ? undefined : Promise.resolve(rest);
    // A copy: http may keep it, and a batch is of use for a moment.
    this.push(bytes === undefined ? null : Buffer.from(bytes.subarray(0, PIECE_BYTES_MAX)));
  }

  override _write(
    bytes: Buffer,
    encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    this.socket.write(bytes, encoding, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.socket.destroy(error ?? undefined);
    done(error);
  }
}
