// A whole journal recomputed: its chain, and the tree that checkpoints are of.

import { genesis, verifyChain, type Broken, type Head } from '../journal/chain.js';
import type { Journal } from '../journal/journal.js';
import { emptyTree, grown, rootOf } from '../journal/tree.js';
import { piecesOf } from '../journal/unhurried.loop.js';

/** Of a journal that was recomputed from its first entry on. */
export type JournalVerdict =
  { readonly kind: 'whole'; readonly head: Head; readonly root: Uint8Array } | Broken;

/** Recomputes the chain from its first entry on, up to a head that is known. */
export async function verifyJournal(
  journal: Pick<Journal, 'read'>,
  known: Head,
): Promise<JournalVerdict> {
  let head = genesis;
  let tree = emptyTree;
  for await (const piece of piecesOf(journal, 1, known.sequence)) {
    const verdict = verifyChain(head, piece);
    if (verdict.kind === 'broken') return verdict;
    head = verdict.head;
    tree = grown(
      tree,
      piece.map(({ hash }) => hash),
    );
  }
  const { sequence } = head;
  if (sequence < known.sequence) {
    const next = sequence + 1;
    return { kind: 'broken', atSequence: next, why: `entry ${String(next)} is missing` };
  }
  return head.hash === known.hash
    ? { kind: 'whole', head, root: rootOf(tree) }
    : { kind: 'broken', atSequence: sequence, why: `entry ${String(sequence)} is another one` };
}
