// kill -9 of the updater, the plugin-host and the orchestrator at every step of putting back an update
// that was installed and does not work: it is put back under the same run, once, it is marked as bad,
// and the installed program runs all the time.

import { expect, test } from '@jest/globals';
import type { Fact } from '../../harness/follow.grpc.js';
import { killAtEveryStep } from '../support/crash/at-every-step.js';
import { casesOf, revertBoundaries } from '../support/crash/boundary.js';
import { reasonsNow, until, type ToldReason } from '../support/told.js';

test('every step of putting back is among the cases', () => {
  const cases = casesOf(revertBoundaries);
  expect(cases.filter(({ boundary }) => boundary.action === 'revert')).toHaveLength(8);
});

/** Receipts of what was put back; a host that was killed may tell of the same again. */
function receiptsOf(facts: readonly Fact[]): unknown[] {
  const back = facts.filter(
    (fact) => fact.kind === 'content.installed' && fact['reverted'] === true,
  );
  return [...new Set(back.map(({ receiptId }) => receiptId))];
}

killAtEveryStep({
  boundaries: revertBoundaries,
  works: false,
  last: 'revert',
  check: ({ facts }, { boundary }) => {
    const reverts = boundary.action === 'revert';
    const last = facts.findLast(({ kind }) => kind === 'run.finished');
    expect(last?.['outcome']).toMatchObject(
      reverts ? { kind: 'succeeded' } : { kind: 'failed', code: 'VERIFY_FAILED' },
    );
    expect(receiptsOf(facts)).toHaveLength(reverts ? 1 : 0);
  },
  // What did not work is not tried again.
  over: async ({ orchestrator }, { after }) => {
    await until(`a mark on ${after}`, async () => {
      const isMark = ({ code, message }: ToldReason): boolean =>
        code === 'MARKED_BAD' && message.startsWith(`hello ${after}: rolled back`);
      return (await reasonsNow(orchestrator)).find(isMark);
    });
  },
});
