// What is known of the screen outlives the wire in both directions, and what is not known of it too.

import { expect, test } from '@jest/globals';
import type { Presence, Reading } from '../../conditions/reading.js';
import type { Requirement } from '../../conditions/requirement.js';
import { readingFromWire, readingToWire } from './reading.js';
import { requirementFromWire, requirementToWire } from './requirement.js';

const minutes = { kind: 'person-away', forMs: 240_000 } as const;
const away = { kind: 'away', sinceMs: 1_900_000_000_000 } as const;

test.each<[string, Presence]>([
  ['a person', { kind: 'engaged' }],
  ['nobody, and nothing is known of the screen', away],
  ['nobody, before a locked screen', { ...away, locked: true }],
  ['nobody, before a dark screen', { ...away, dark: true }],
])('%s: the reading comes through the wire as it was', (_who, presence) => {
  const reading: Reading = {
    ...{ signal: 'presence', instance: '', source: 'seat' },
    ...{ observedAtMs: 1_900_000_000_500, observedMonotonicNs: 7n },
    value: { kind: 'presence', presence },
  };
  expect(readingFromWire(readingToWire(reading))).toEqual(reading);
});

test.each<[string, Requirement]>([
  ['at once', { kind: 'person-away', forMs: 0 }],
  ['for less where the screen is locked', { ...minutes, lockedForMs: 20_000 }],
  ['for less where it is dark', { ...minutes, lockedForMs: 20_000, darkForMs: 60_000 }],
])('that nobody is there %s is required on both ends of the wire', (_how, requirement) => {
  expect(requirementFromWire(requirementToWire(requirement))).toEqual(requirement);
});
