import { describe, expect, test } from '@jest/globals';
import { unheard } from './unheard.js';

const ON_ITS_WAY_MS = 2_000;

describe('what is not heard any more', () => {
  test('is missed when it is on its way for too long, and not before', () => {
    const hearing = unheard(ON_ITS_WAY_MS);
    hearing.heard(4);
    expect(hearing.misses(4, 0)).toBe(false);
    expect(hearing.misses(5, 1_000)).toBe(false);
    expect(hearing.misses(6, 2_999)).toBe(false);
    expect(hearing.misses(7, 3_000)).toBe(true);
    hearing.heard(7);
    expect(hearing.misses(7, 9_000)).toBe(false);
  });

  test('is missed where it is the first that anybody says there', () => {
    const hearing = unheard(ON_ITS_WAY_MS);
    hearing.heard(0);
    expect(hearing.misses(1, 1_000)).toBe(false);
    expect(hearing.misses(1, 3_000)).toBe(true);
  });

  test('a bucket that is written all the time is not missed by who hears it a little late', () => {
    const hearing = unheard(ON_ITS_WAY_MS);
    for (let atS = 0; atS < 60; atS += 1) {
      hearing.heard(atS * 10);
      expect(hearing.misses(atS * 10 + 5, atS * 1_000)).toBe(false);
    }
  });
});
