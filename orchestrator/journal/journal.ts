// Where entries are kept: what SQLite and JetStream both are.

import type { ReasonCode } from '../../conditions/reason.js';
import type { Head, StoredEntry } from './chain.js';

/** Of the bodies that are read in one go, about: some entries are large. */
export const READ_BYTES_MAX = 1024 * 1024;

export interface Journal {
  /**
   * Resolves when the entries are durable, in the order of the calls. Fails with SEQUENCE_TAKEN when
   * somebody else has written meanwhile: then this writer has lost the journal for good.
   */
  append(entries: readonly StoredEntry[]): Promise<void>;
  /**
   * At most `count` entries from `fromSequence` on, and about READ_BYTES_MAX of them; fewer do not mean that
   * there are no more, but none does.
   */
  read(fromSequence: number, count: number): Promise<readonly StoredEntry[]>;
  head(): Promise<Head>;
  readonly close: () => Promise<void>;
}

/**
 * JOURNAL_LOST: the server is there, and does not have it any more. JOURNAL_NEWER: it says what this version
 * does not know.
 */
export type JournalErrorCode =
  'SEQUENCE_TAKEN' | 'NO_SPACE' | 'JOURNAL_BROKEN' | 'JOURNAL_LOST' | 'JOURNAL_NEWER';

export class JournalError extends Error {
  constructor(
    readonly code: JournalErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'JournalError';
  }
}

/** More waits for it than it may keep waiting. */
export class JournalBusyError extends Error {
  readonly code = 'JOURNAL_BUSY' satisfies ReasonCode;

  constructor() {
    super('the journal cannot keep up; what is not in it does not happen');
  }
}
