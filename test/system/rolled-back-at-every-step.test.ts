// kill -9 of the updater, the plugin-host and the orchestrator at every step of a rollback: the host has
// put the version before in its place already, it stays, and the updater's own part is done in the end.

import { expect } from '@jest/globals';
import { killAtEveryStep } from '../support/crash/at-every-step.js';
import { rollbackBoundaries } from '../support/crash/boundary.js';

killAtEveryStep({
  boundaries: rollbackBoundaries,
  actions: ['download', 'install', 'verify', 'rollback'],
  works: false,
  last: 'rollback',
  check: ({ facts }) => {
    const last = facts.findLast(({ kind }) => kind === 'run.finished');
    expect(last?.['outcome']).toMatchObject({ kind: 'succeeded' });
    // A host that was killed may tell again of what it had put back, under its receipt, and of nothing else.
    const told = facts.filter(({ kind }) => kind === 'content.installed');
    expect(told.every((fact) => fact['reverted'] === true)).toBe(true);
    expect(new Set(told.map(({ receiptId }) => receiptId)).size).toBeLessThanOrEqual(1);
  },
});
