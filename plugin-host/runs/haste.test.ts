import { expect, test } from '@jest/globals';
import { hasteOf } from './haste.js';

test.each([
  ['UPDATER_SUSPENDED', 'at-once'],
  ['PUBLISHER_UNKNOWN', 'at-once'],
  ['TRIPPED', 'at-once'],
  ['SHUTTING_DOWN', 'shutting-down'],
  ['OPERATOR', 'gentle'],
  ['HELD', 'gentle'],
  ['SUPERSEDED', 'gentle'],
] as const)('what is stopped for %s ends %s', (reason, haste) => {
  expect(hasteOf(reason)).toBe(haste);
});
