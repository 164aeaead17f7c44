// kill -9 of one part at every step of an update: the run finishes under its id, nothing is written or done
// twice, and the installed program runs all the time.

import { expect } from '@jest/globals';
import type { Fact } from '../../../harness/follow.grpc.js';
import { killAtEveryStep } from './at-every-step.js';
import { boundaries, type Case, type Victim } from './boundary.js';

/** Kinds of facts that the journal has twice of one run, though nothing happened twice. */
function writtenTwice(facts: readonly Fact[], { boundary, victim }: Case): string[] {
  const once = ['content.downloaded'];
  // A plugin-host that was killed may tell again of what it did, under the same receipt. A scan whose
  // orchestrator was killed is done again.
  if (victim === 'orchestrator' && boundary.action !== 'scan') {
    once.push('content.installed', 'run.started', 'run.finished');
  }
  const news = facts.filter(({ cached }) => cached !== true);
  return once.filter((kind) => news.filter((fact) => fact.kind === kind).length > 1);
}

/** Declares the tests. A file for each victim: they take minutes, and go on side by side. */
export function kill(victim: Victim): void {
  killAtEveryStep({
    boundaries,
    victims: [victim],
    last: 'verify',
    check: ({ facts }, hit) => {
      const { action } = hit.boundary;
      const last = facts.findLast(({ kind }) => kind === 'run.finished');
      const isTheEnd = action === 'scan' || action === 'verify';
      expect(last?.['outcome']).toMatchObject({ kind: isTheEnd ? 'succeeded' : 'more_to_do' });
      expect(writtenTwice(facts, hit)).toEqual([]);
      const receipts = facts.flatMap(({ kind, receiptId }) =>
        kind === 'content.installed' ? [receiptId] : [],
      );
      expect(new Set(receipts).size).toBe(action === 'install' ? 1 : 0);
    },
  });
}
