// Entries to put in a journal, and what it says of them.

import { chainEntry, genesis, type Head, type StoredEntry } from './chain.js';
import { JournalError } from './journal.js';

/** `count` entries that follow `head`. */
export function after(head: Head, count: number, message = 'x'): StoredEntry[] {
  let at = head;
  return Array.from({ length: count }, () => {
    const fact = { kind: 'run.notice', runId: 'run-1', message } as const;
    const { sequence, atMs, body, hash } = chainEntry(at, 1_000, fact);
    at = { sequence, hash };
    return { sequence, atMs, body, hash };
  });
}

export function headOf(entries: readonly StoredEntry[]): Head {
  const last = entries.at(-1);
  return last === undefined ? genesis : { sequence: last.sequence, hash: last.hash };
}

/** The code that it fails with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'no error';
  } catch (error) {
    return error instanceof JournalError ? error.code : String(error);
  }
}
