// Which policy was in force, for the journal.

import { createHash } from 'node:crypto';
import { keyIdOf } from '../../bundle/envelope.js';
import { canonicalJson } from '../journal/chain.js';
import type { Policy } from './policy.js';

/** Hexadecimal sha256; a key stands in it by its id. */
export function digestOf(policy: Policy): string {
  const publishers = policy.publishers.map((publisher) => ({
    ...publisher,
    keys: publisher.keys.map(keyIdOf),
  }));
  return createHash('sha256')
    .update(canonicalJson({ ...policy, publishers }))
    .digest('hex');
}
