// The connection that node:http is given. It reads through it for as long as that is its own to read: the
// head of an answer, and a body in pieces of its own. What is left of a body whose length is known is read
// past it, because its parser would copy all of it once more.
//
// Invariant: W1. Nothing that comes is lost or read twice when http is left: what it was given it has, and
//   what was asked for in its name is the first that the reader after it gets.

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
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
    const asked = this.inflow.next();
    this.asked = asked;
    asked.then(
      (bytes) => {
        if (this.isLeft) return;
        this.asked = undefined;
        // A copy: http may keep it, and a batch is of use for a moment.
        this.push(bytes === undefined ? null : Buffer.from(bytes));
      },
      (error: unknown) => {
        this.destroy(error as Error);
      },
    );
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
