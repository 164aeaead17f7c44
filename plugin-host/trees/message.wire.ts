// What goes to a thread and comes back from it. A class does not survive the way: failures go as what they
// say.

import { errorCode, errorWords, HostError, type HostReason } from '../channel/host-failure.js';
import type { Deed, OrderOf } from './deeds.fs.js';
import type { Pass } from './pass.js';

export interface DeedMessage<D extends Deed = Deed> {
  readonly deed: D;
  readonly order: OrderOf<D>;
  /** Absent: nothing freezes it. */
  readonly pass: Pass | undefined;
}

export type DeedAnswer =
  | { readonly kind: 'done'; readonly result: unknown }
  /** The host decided so. */
  | { readonly kind: 'refused'; readonly code: HostReason; readonly words: string }
  | { readonly kind: 'failed'; readonly code: string | undefined; readonly words: string };

export function failureOf(error: unknown): DeedAnswer {
  const words = errorWords(error);
  if (error instanceof HostError) return { kind: 'refused', code: error.code, words };
  return { kind: 'failed', code: errorCode(error), words };
}

/** As it was thrown there, by its code and its words. */
export function errorOf(failure: Exclude<DeedAnswer, { kind: 'done' }>): Error {
  const { kind, code, words } = failure;
  if (kind === 'refused') return new HostError(code, words);
  return Object.assign(new Error(words), code === undefined ? {} : { code });
}
