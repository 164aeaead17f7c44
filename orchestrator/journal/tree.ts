// The Merkle tree of RFC 6962 over a journal: its leaves are the hashes of the entries, in order. Its root stands
// for all of them, and whoever has the roots of its perfect subtrees can go on from there.

import { createHash } from 'node:crypto';

export interface Tree {
  /** How many leaves it has. */
  readonly size: number;
  /** Roots of the perfect subtrees that it falls into, the largest first. */
  readonly subtrees: readonly Buffer[];
}

export const emptyTree: Tree = { size: 0, subtrees: [] };

/** @param hashes of entries, hexadecimal. */
export function grown(tree: Tree, hashes: Iterable<string>): Tree {
  const subtrees = [...tree.subtrees];
  let { size } = tree;
  for (const hash of hashes) {
    let node = digest(0, Buffer.from(hash, 'hex'));
    for (let rest = size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      node = digest(1, subtrees.pop() ?? node, node);
    }
    subtrees.push(node);
    size += 1;
  }
  return { size, subtrees };
}

export function rootOf({ subtrees }: Tree): Buffer {
  const [last, ...before] = [...subtrees].reverse();
  if (last === undefined) return createHash('sha256').digest();
  return before.reduce((root, subtree) => digest(1, subtree, root), last);
}

/** Leaves begin with 0 and nodes with 1, so that none is taken for the other. */
function digest(kind: 0 | 1, ...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256').update(Uint8Array.of(kind));
  for (const part of parts) hash.update(part);
  return hash.digest();
}
