// What has a slot is named as an operator knows it, not by the number of its run alone.

import { expect, test } from '@jest/globals';
import { defaultPolicy } from '../policy/policy.js';
import { perform, updateOf, UPDATER } from '../world/history.testing.js';
import { slotObjections, type Occupant } from './slots.js';

const scan: Occupant = {
  ...{ runId: 'run-3', updaterId: 'com.acme.other', action: 'scan', work: { kind: 'scan' } },
};
const install: Occupant = {
  ...{ runId: 'run-4', updaterId: UPDATER, action: 'install', work: perform(updateOf('a')) },
};
const messages = (running: readonly Occupant[]): string[] =>
  slotObjections(
    { ...install, work: perform(updateOf('b')) },
    running,
    defaultPolicy,
    new Map(),
  ).map(({ message }) => message);

test('a run that is in the way is told by what it does and to what', () => {
  expect(messages([scan])).toEqual(['scan com.acme.other (run-3) has the slot']);
  expect(messages([scan, install])).toEqual([
    `scan com.acme.other (run-3), install a (run-4) have the slots`,
    'install a (run-4) is under way: one run per updater at a time',
  ]);
});
