// The journal on SQLite. The file is opened by a worker thread: SQLite is synchronous, one fsync can
// take 100 ms, and the event loop here may be the one that guards the person at the machine.
//
// Invariants:
//   J1. `append` resolves when the entries are on disk (WAL, synchronous=FULL), in the order of the
//       calls.
//   J2. One writer: an entry whose sequence is taken is refused, and that writer has lost the
//       journal for good. Every later append fails too.

import { Worker } from 'node:worker_threads';
import { within } from '../../runtime/deadline.js';
import type { Head, StoredEntry } from './chain.js';
import { JournalError, type Journal, type JournalErrorCode } from './journal.js';

/** A disk that takes longer than this for one transaction is broken, not slow. */
const APPEND_MS_MAX = 60_000;
const READ_MS_MAX = 30_000;

export type JournalRequest =
  | { readonly kind: 'append'; readonly entries: readonly StoredEntry[] }
  | { readonly kind: 'read'; readonly fromSequence: number; readonly count: number }
  | { readonly kind: 'head' }
  | { readonly kind: 'close' };

export type JournalAnswer =
  | { readonly kind: 'done' }
  | { readonly kind: 'entries'; readonly entries: readonly StoredEntry[] }
  | { readonly kind: 'head'; readonly head: Head }
  | { readonly kind: 'failed'; readonly code: JournalErrorCode; readonly message: string };

interface Envelope<T> {
  readonly id: number;
  readonly body: T;
}

/** Opens, or creates, the journal in `file`. */
export async function openSqliteJournal(file: string): Promise<Journal> {
  const worker = new Worker(new URL('./sqlite.worker.js', import.meta.url), {
    workerData: { file },
  });
  const pending = new Map<number, { settle: (answer: JournalAnswer) => void }>();
  let nextId = 1;
  let dead: JournalError | undefined;
  let closing: Promise<void> | undefined;

  worker.on('message', ({ id, body }: Envelope<JournalAnswer>) => {
    const waiting = pending.get(id);
    pending.delete(id);
    waiting?.settle(body);
  });
  const die = (message: string): void => {
    dead ??= new JournalError('JOURNAL_BROKEN', message);
    for (const { settle } of pending.values()) {
      settle({ kind: 'failed', code: dead.code, message: dead.message });
    }
    pending.clear();
  };
  worker.on('error', (error) => {
    die(`the journal's thread failed: ${error.message}`);
  });
  worker.on('exit', () => {
    die('the journal is closed');
  });

  async function ask(body: JournalRequest, deadlineMs: number): Promise<JournalAnswer> {
    if (dead !== undefined) throw dead;
    const id = nextId++;
    const answer = await within(
      new Promise<JournalAnswer>((settle) => {
        pending.set(id, { settle });
        worker.postMessage({ id, body } satisfies Envelope<JournalRequest>);
      }),
      deadlineMs,
      `the journal's ${body.kind}`,
    );
    if (answer.kind === 'failed') {
      const error = new JournalError(answer.code, answer.message);
      if (answer.code === 'SEQUENCE_TAKEN') dead = error; // J2
      throw error;
    }
    return answer;
  }

  await ask({ kind: 'head' }, READ_MS_MAX);
  return {
    append: async (entries) => {
      await ask({ kind: 'append', entries }, APPEND_MS_MAX);
    },
    read: async (fromSequence, count) => {
      const answer = await ask({ kind: 'read', fromSequence, count }, READ_MS_MAX);
      return answer.kind === 'entries' ? answer.entries : [];
    },
    head: async () => {
      const answer = await ask({ kind: 'head' }, READ_MS_MAX);
      if (answer.kind !== 'head') throw new Error(`unexpected answer ${answer.kind}`);
      return answer.head;
    },
    close: () => {
      closing ??= (async () => {
        if (dead === undefined) await ask({ kind: 'close' }, APPEND_MS_MAX);
        await worker.terminate();
      })();
      return closing;
    },
  };
}
