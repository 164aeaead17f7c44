// How much a machine may say, as tables.

import { describe, expect, test } from '@jest/globals';
import {
  charged,
  defaultQuotas,
  fullBucket,
  isTaken,
  opensInMs,
  refilled,
  type Bucket,
  type Weight,
} from './fact-quota.js';

const HOUR_MS = 3_600_000;
const { host: HOST_QUOTA, updater: UPDATER_QUOTA } = defaultQuotas;
const quota = { entries: 100, bytes: 10_000 };
const reserve = { entries: 10, bytes: 1_000 };

function after(bucket: Bucket, ...costs: (readonly [entries: number, bytes: number])[]): Bucket {
  return costs.reduce((left, [entries, bytes]) => charged(left, { entries, bytes }), bucket);
}

const full = fullBucket(quota, 0);

test.each<[string, Bucket, readonly Weight[]]>([
  ['a full one takes anything', full, ['any', 'evidence', 'forbids']],
  ['so does one with something left', after(full, [99, 9_999]), ['any', 'evidence', 'forbids']],
  [
    'without entries left, what is evidence and what forbids',
    after(full, [100, 1]),
    ['evidence', 'forbids'],
  ],
  ['the same without bytes left', after(full, [1, 10_000]), ['evidence', 'forbids']],
  ['beyond the reserve of entries, what forbids', after(full, [110, 1]), ['forbids']],
  ['beyond the reserve of bytes, too', after(full, [1, 11_000]), ['forbids']],
])('%s', (_what, bucket, taken) => {
  const weights: Weight[] = ['any', 'evidence', 'forbids'];
  expect(weights.filter((weight) => isTaken(bucket, weight, reserve))).toEqual(taken);
});

test.each([
  [0, false],
  [6 * HOUR_MS - 1, false],
  [6 * HOUR_MS, true],
  [1_000 * HOUR_MS, true],
])('one that was used up takes anything again when a quarter is there: after %i ms', (ms, open) => {
  const later = refilled(after(full, [100, 1]), quota, ms);
  expect(isTaken(later, 'any', reserve)).toBe(open);
});

test('it is known when that will be, whichever of the two is behind', () => {
  const [entries, bytes] = [after(full, [100, 1]), after(full, [1, 20_000])];
  expect(opensInMs(entries, quota)).toBe(6 * HOUR_MS);
  expect(opensInMs(bytes, quota)).toBe(30 * HOUR_MS);
  expect(isTaken(refilled(bytes, quota, opensInMs(bytes, quota)), 'any', reserve)).toBe(true);
});

test('it never holds more than a day of it, and a clock that stands still fills nothing', () => {
  expect(refilled(full, quota, 500 * HOUR_MS)).toMatchObject(quota);
  const used = after(full, [60, 6_000]);
  expect(refilled(used, quota, 0)).toEqual(used);
  expect(refilled(refilled(used, quota, 9), quota, 3)).toMatchObject({ isUsedUp: false });
});

describe('an honest machine', () => {
  /** What is said of one update: two runs that start and end, a download, an install, a root and a pause. */
  const ofUpdate = { entries: 2 * 3 + 1 + 1 + 1 + 2, bytes: 2 * 2_500 + 900 + 2 * 5_000 + 500 };

  test('installs 2,000 updates of one updater on its first day, and more is left than half', () => {
    const all = { entries: 2_000 * ofUpdate.entries, bytes: 2_000 * ofUpdate.bytes };
    for (const each of [HOST_QUOTA, UPDATER_QUOTA]) {
      expect(charged(fullBucket(each, 0), all).isUsedUp).toBe(false);
    }
    expect(charged(fullBucket(HOST_QUOTA, 0), all).entries).toBeGreaterThan(HOST_QUOTA.entries / 2);
  });

  test('says the longest list that an entry holds a hundred times', () => {
    const all = { entries: 100, bytes: 100 * 480 * 1_024 };
    expect(charged(fullBucket(UPDATER_QUOTA, 0), all).isUsedUp).toBe(false);
  });

  test('finds as much as a scan may find every hour, with each of three updaters', () => {
    let bucket = fullBucket(HOST_QUOTA, 0);
    for (let hour = 0; hour < 24; hour += 1) {
      bucket = charged(refilled(bucket, HOST_QUOTA, hour * HOUR_MS), {
        entries: 12,
        bytes: 3 * 960 * 1_024,
      });
    }
    expect(bucket.isUsedUp).toBe(false);
  });
});
