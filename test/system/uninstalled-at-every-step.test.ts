// kill -9 of the updater, the plugin-host and the orchestrator at every step of an update that takes
// something away: it is done under the same run, once, and what is left is whole all the time.

import { expect } from '@jest/globals';
import { killAtEveryStep } from '../support/crash/at-every-step.js';
import { uninstallBoundaries } from '../support/crash/boundary.js';

killAtEveryStep({
  boundaries: uninstallBoundaries,
  actions: ['uninstall'],
  first: 'uninstall',
  last: 'uninstall',
  check: ({ facts }) => {
    const last = facts.findLast(({ kind }) => kind === 'run.finished');
    expect(last?.['outcome']).toMatchObject({ kind: 'succeeded' });
    const told = facts.filter(({ kind }) => kind === 'content.installed');
    expect(new Set(told.map(({ receiptId }) => receiptId)).size).toBe(1);
  },
});
