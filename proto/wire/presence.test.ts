// What is known of the screen outlives the wire in both directions, and what is not known of it too.

import { expect, test } from '@jest/globals';
import type { Presence, Reading } from '../../conditions/reading.js';
import type { Requirement } from '../../conditions/requirement.js';
import { readingFromWire, readingToWire } from './reading.js';
import { requirementFromWire, requirementToWire } from './requirement.js';

const away = { kind: 'away', sinceMs: 1_900_000_000_000 } as const;

test.each<Presence>([
  { kind: 'engaged' },
  away,
  { ...away, locked: true },
  { ...away, dark: true },
])('%j', (presence) => {
  const reading: Reading = {
    ...{ signal: 'presence', instance: '', source: 'seat' },
    ...{ observedAtMs: 1_900_000_000_500, observedMonotonicNs: 7n },
    value: { kind: 'presence', presence },
  };
  expect(readingFromWire(readingToWire(reading))).toEqual(reading);
});

test.each<Requirement>([
  { kind: 'person-away', forMs: 0 },
  { kind: 'person-away', forMs: 240_000, lockedForMs: 20_000 },
  { kind: 'person-away', forMs: 240_000, lockedForMs: 20_000, darkForMs: 60_000 },
])('%j', (requirement) => {
  expect(requirementFromWire(requirementToWire(requirement))).toEqual(requirement);
});
