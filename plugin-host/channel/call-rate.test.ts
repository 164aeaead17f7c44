import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fullCallRate, takeCall } from './call-rate.js';

const PER_MINUTE = 250;

test('over any minutes there are no more calls than that, after a first burst', () => {
  const gap = fc.integer({ min: 0, max: 2_000 });
  fc.assert(
    fc.property(fc.array(gap, { minLength: 300, maxLength: 2_000 }), (gaps) => {
      let rate = fullCallRate(0);
      let [nowMs, count] = [0, 0];
      for (const gapMs of gaps) {
        nowMs += gapMs;
        const taken = takeCall(rate, nowMs, PER_MINUTE);
        rate = taken.rate;
        if (taken.afterMs === 0) count += 1;
        if (count > (1 + nowMs / 60_000) * PER_MINUTE) throw new Error(`${String(count)} calls`);
      }
    }),
    { numRuns: 20 },
  );
});

test('whoever waits for as long as it was told has its call', () => {
  let rate = fullCallRate(0);
  let nowMs = 0;
  for (let call = 0; call < 600; call += 1) {
    const { afterMs } = takeCall(rate, nowMs, PER_MINUTE);
    nowMs += afterMs;
    const taken = takeCall(rate, nowMs, PER_MINUTE);
    expect(taken.afterMs).toBe(0);
    rate = taken.rate;
  }
  expect(nowMs).toBeGreaterThanOrEqual(83_000);
});

test('what the next run of a launch may is counted from its first call on', () => {
  let { rate, afterMs } = takeCall(fullCallRate(0), 0, 1);
  expect(afterMs).toBe(0);
  ({ rate, afterMs } = takeCall(rate, 0, 1));
  expect(afterMs).toBe(60_000);
  expect(takeCall(rate, 1_000, 60).afterMs).toBe(0);
});
