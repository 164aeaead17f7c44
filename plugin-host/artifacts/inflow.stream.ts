// What comes in over one connection, a batch at a time.
//
// Invariants:
//   I1. While nobody asks nothing is read, but for one batch.
//   I2. A batch is of use until the next one is asked for: what is not secured is read into the same two
//       buffers all the time. Memory that is made anew for each piece costs more than to read it.
//   I3. A turn of the loop reads no more than TURN_BYTES_MAX: whoever guards a run has a turn in between.

import type { OnReadOpts, Socket } from 'node:net';

const BATCH_BYTES_MAX = 256 * 1024;
/** Read, hashed and handed on within a millisecond. */
const TURN_BYTES_MAX = 4 * BATCH_BYTES_MAX;

interface Waiting {
  readonly resolve: (bytes: Uint8Array | undefined) => void;
  readonly reject: (error: Error) => void;
}

export class Inflow {
  private readonly buffers = [0, 1].map(() => Buffer.allocUnsafeSlow(BATCH_BYTES_MAX)) as [
    Buffer,
    Buffer,
  ];
  private socket: Socket | undefined;
  private waiting: Waiting | undefined;
  /** What has come and was not asked for. */
  private held: Uint8Array | undefined;
  private turnBytes = 0;
  private isResting = false;
  private ended: { readonly error: Error | undefined } | undefined;

  /** For `connect`. Without it, as where the connection is secured, each batch has memory of its own. */
  readonly onread: OnReadOpts = {
    // Asked for when a batch has come: the other one is not with anybody then (I1).
    buffer: () => {
      this.buffers.reverse();
      return this.buffers[0];
    },
    callback: (count, buffer) => this.arrived(buffer.subarray(0, count)),
  };

  /** What `socket`, which is connected, brings from now on, and what it has brought to `onread`. */
  follow(socket: Socket): void {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      if (!this.arrived(bytes)) socket.pause();
    });
    if (this.held !== undefined) socket.pause();
    socket.on('error', (error) => {
      this.end(error);
    });
    for (const event of ['end', 'close']) {
      socket.once(event, () => {
        this.end(undefined);
      });
    }
  }

  /** One question at a time. Undefined: nothing more comes. @throws what the network said. */
  next(): Promise<Uint8Array | undefined> {
    const { held, ended } = this;
    if (held !== undefined) {
      this.held = undefined;
      this.readOn();
      return Promise.resolve(held);
    }
    if (ended?.error !== undefined) return Promise.reject(ended.error);
    if (ended !== undefined) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
    });
  }

  /** Whether to read on. */
  private arrived(bytes: Uint8Array): boolean {
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting === undefined) this.held = bytes;
    else waiting.resolve(bytes);
    this.turnBytes += bytes.byteLength;
    if (this.turnBytes >= TURN_BYTES_MAX) this.rest();
    return waiting !== undefined && !this.isResting;
  }

  /** I3. */
  private rest(): void {
    this.turnBytes = 0;
    this.isResting = true;
    setImmediate(() => {
      this.isResting = false;
      this.readOn();
    });
  }

  private readOn(): void {
    if (this.held === undefined && !this.isResting) this.socket?.resume();
  }

  private end(error: Error | undefined): void {
    this.ended ??= { error };
    const { waiting } = this;
    this.waiting = undefined;
    if (error === undefined) waiting?.resolve(undefined);
    else waiting?.reject(error);
  }
}
