// Entries to put in a journal, and what it says of them.

import { chainEntry, genesis, type Head, type StoredEntry } from './chain.js';
import { JournalError, type Journal } from './journal.js';

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

/** Every entry, however many reads that takes. */
export async function allIn(journal: Pick<Journal, 'read'>): Promise<StoredEntry[]> {
  const all: StoredEntry[] = [];
  for (;;) {
    const page = await journal.read(all.length + 1, 1_000);
    if (page.length === 0) return all;
    all.push(...page);
  }
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
