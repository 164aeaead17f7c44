// Copies a journal to another place, entry by entry as it was stored: the same chain, the same hashes.
//
// Invariants:
//   Y1. Nothing is copied that does not verify.
//   Y2. The other place has to be empty, or to hold the beginning of this journal: a copy that was
//       interrupted goes on where it was.

import { genesis, verifyChain, type Head } from './chain.js';
import { JournalError, type Journal } from './journal.js';

/** Entries that are read, verified and stored in one go. */
const PAGE = 1_000;

/** @returns the head of both. */
export async function copyJournal(
  from: Journal,
  to: Journal,
  onProgress: (copiedCount: number, ofCount: number) => void,
): Promise<Head> {
  const [source, there] = [await from.head(), await to.head()];
  let at: Head = genesis;
  while (at.sequence < source.sequence) {
    const page = await from.read(at.sequence + 1, PAGE);
    const verdict = verifyChain(at, page);
    if (verdict.kind === 'broken' || page.length === 0) {
      const why = verdict.kind === 'broken' ? verdict.why : 'it ends before its head';
      throw new JournalError('JOURNAL_BROKEN', `the journal does not verify: ${why}`); // Y1
    }
    const known = page.find(({ sequence }) => sequence === there.sequence);
    if (known !== undefined && known.hash !== there.hash) throw another(there); // Y2
    const missing = page.filter(({ sequence }) => sequence > there.sequence);
    if (missing.length > 0) await to.append(missing);
    at = verdict.head;
    onProgress(at.sequence, source.sequence);
  }
  if (there.sequence > at.sequence) throw another(there); // Y2
  return at;
}

function another({ sequence }: Head): JournalError {
  const message = `there is another journal already, of ${String(sequence)} entries`;
  return new JournalError('SEQUENCE_TAKEN', message);
}
