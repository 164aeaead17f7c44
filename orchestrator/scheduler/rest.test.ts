import { expect, test } from '@jest/globals';
import { engaged, quietReadings } from '../world/history.testing.js';
import { lookAgainMsMax } from './rest.js';

test('it is looked every 30 s while nobody is there, and every 10 min while somebody is', () => {
  expect(lookAgainMsMax(quietReadings())).toBe(30_000);
  expect(lookAgainMsMax(quietReadings({ presence: engaged }))).toBe(600_000);
  expect(lookAgainMsMax(new Map())).toBe(30_000);
});
