import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CALLS_PER_MINUTE, fullCallRate, takeCall } from './call-rate.js';

test('over any minutes there are no more calls than that, after a first burst', () => {
  const gap = fc.integer({ min: 0, max: 2_000 });
  fc.assert(
    fc.property(fc.array(gap, { minLength: 300, maxLength: 2_000 }), (gaps) => {
      let rate = fullCallRate(0);
      let [nowMs, count] = [0, 0];
      for (const gapMs of gaps) {
        nowMs += gapMs;
        const taken = takeCall(rate, nowMs);
        rate = taken.rate;
        if (taken.afterMs === 0) count += 1;
        if (count > (1 + nowMs / 60_000) * CALLS_PER_MINUTE)
          throw new Error(`${String(count)} calls`);
      }
    }),
    { numRuns: 20 },
  );
});

test('whoever waits for as long as it was told has its call', () => {
  let rate = fullCallRate(0);
  let nowMs = 0;
  for (let call = 0; call < 600; call += 1) {
    const { afterMs } = takeCall(rate, nowMs);
    nowMs += afterMs;
    const taken = takeCall(rate, nowMs);
    expect(taken.afterMs).toBe(0);
    rate = taken.rate;
  }
  expect(nowMs).toBeGreaterThanOrEqual(83_000);
});
