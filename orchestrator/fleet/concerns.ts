// Whether what one orchestrator decided still holds when others have written meanwhile.

import type { Entry } from '../journal/chain.js';
import type { Fact } from '../journal/fact.js';

type Written = Pick<Entry, 'fact'>;

/** Whether what was written meanwhile is about the same as what is to be written (A1). */
export function concerns(written: readonly Written[], facts: readonly Fact[]): boolean {
  const subjects = new Set(facts.map(subjectOf));
  return mayShareRoots(written, facts) || written.some(({ fact }) => subjects.has(subjectOf(fact)));
}

/** Decision 128: of two that are accepted at one time, whoever accepted the second has to look again. */
export function mayShareRoots(written: readonly Written[], facts: readonly Fact[]): boolean {
  const accepts = ({ kind }: Fact): boolean => kind === 'updater.enabled';
  return facts.some(accepts) && written.some(({ fact }) => accepts(fact));
}

/** An updater, or everything that is said of all. */
function subjectOf(fact: Fact): string {
  if ('updaterId' in fact) return fact.updaterId;
  return 'id' in fact ? fact.id : '';
}
