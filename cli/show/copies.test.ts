// What people read of the copies of what a fleet keeps.

import { expect, test } from '@jest/globals';
import { showCopies, showGiven, showLook } from './copies.js';

const journals = { stream: 'LULL_JOURNAL', count: 3, behind: [] };
const few = { stream: 'lull-up-p0', count: 1, behind: [] };
const late = { stream: 'KV_lull-leases', count: 3, behind: ['nats-2', 'nats-3'] };
const none = { stream: 'KV_lull-groups', count: 0, behind: [] };

test('how many there are, and which are not up to date', () => {
  expect(showCopies([journals, few, late, none]).split('\n')).toEqual([
    'LULL_JOURNAL    3 copies',
    'lull-up-p0      1 copy',
    'KV_lull-leases  3 copies      without nats-2 and nats-3 yet',
    'KV_lull-groups  is not there',
  ]);
});

test('whoever has given them is told what is left to do', () => {
  expect(showGiven([journals], 3).split('\n')).toEqual([
    'LULL_JOURNAL  3 copies',
    'start the orchestrators, and "lull fleetlock", with --journal-copies 3: what is made from then on has as many',
  ]);
});

test('while it goes on: which it is at, and whom it waits for', () => {
  expect(showLook(late, 1)).toBe('KV_lull-leases: 1 → 3 copies, without nats-2 and nats-3 yet');
  expect(showLook(journals, 3)).toBe('LULL_JOURNAL: 3 copies, up to date');
});
