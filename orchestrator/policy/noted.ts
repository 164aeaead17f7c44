// What the journal notes of a policy that comes into force.

import type { PolicyNoted } from '../journal/fact.js';
import { distrust, type Vouched } from '../trust/vouched.js';
import { digestOf } from './digest.js';
import type { Policy } from './policy.js';

/** More are not named: an entry has its bound, and these are of updaters, not of machines. */
const NAMED_MAX = 1_000;

/** @param updaters what is registered. */
export function noted(
  policy: Policy,
  updaters: Iterable<{ readonly id: string; readonly accepted?: { readonly version: Vouched } }>,
): PolicyNoted {
  const distrusted = [...updaters].flatMap(({ id, accepted }) =>
    accepted !== undefined && distrust(accepted.version, policy) !== undefined ? [id] : [],
  );
  return {
    policySha256: digestOf(policy),
    ...(distrusted.length === 0 ? {} : { distrusted: distrusted.sort().slice(0, NAMED_MAX) }),
  };
}
