// What brings the link's messages, whichever it is.

import type { AttachRequest, AttachResponse } from '../../proto/gen/lull/link/v1/link.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { ReadBundle } from '../catalog/catalog.fs.js';

/** One connection to an orchestrator; `'end'` or `'error'` is its last word. */
export interface LinkStream {
  /** @returns false when it takes no more until `'drain'`. */
  write(message: AttachRequest): boolean;
  end(): unknown;
  on(event: 'data', listener: (message: AttachResponse) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  /** The event of this sequence is kept by what carries it, until it is heard. Where that is so. */
  on(event: 'stored', listener: (sequence: number) => void): unknown;
  once(event: 'drain', listener: () => void): unknown;
}

/** What brings the link's messages: gRPC inside a machine, NATS between machines. */
export interface LinkCarrier extends Closeable {
  attach(): LinkStream;
  /** What is waited for the next attempt, at most. */
  readonly retryMsMax: number;
  readonly readBundle: ReadBundle;
}
