// Several digests of one stream of bytes.

import { createHash } from 'node:crypto';
import type { Algorithm, ExpectedDigest } from './order.js';

export type Digests = ReadonlyMap<Algorithm, string>;

export interface RunningDigests {
  update(bytes: Uint8Array): void;
  /** The digests of everything so far. */
  soFar(): Digests;
}

/** Starts hashing. sha256 is always among them: it is what the store names content by. */
export function startDigests(wanted: readonly ExpectedDigest[]): RunningDigests {
  const algorithms = new Set<Algorithm>(['sha256', ...wanted.map((each) => each.algorithm)]);
  const hashes = [...algorithms].map((algorithm) => ({ algorithm, hash: createHash(algorithm) }));
  return {
    update: (bytes) => {
      for (const { hash } of hashes) hash.update(bytes);
    },
    soFar: () =>
      new Map(hashes.map(({ algorithm, hash }) => [algorithm, hash.copy().digest('hex')])),
  };
}

/** The first digest that was promised and is not so, or undefined. */
export function firstMismatch(
  expected: readonly ExpectedDigest[],
  found: Digests,
): ExpectedDigest | undefined {
  return expected.find(({ algorithm, hex }) => found.get(algorithm) !== hex);
}

export function sha256In(digests: Digests): string {
  const hex = digests.get('sha256');
  if (hex === undefined) throw new Error('sha256 was not computed');
  return hex;
}
