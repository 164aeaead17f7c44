import { expect, test } from '@jest/globals';
import type { Reading } from '../../conditions/reading.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { InhibitLoop } from './inhibit.loop.js';

test('"not now" for ten minutes is over after a night asleep, and one for a day is not', () => {
  const clock = new VirtualClock();
  const published: Reading[] = [];
  const inhibitions = new InhibitLoop({
    clock,
    publish: (readings) => published.push(...readings),
  });
  const minute = 60_000;
  inhibitions.inhibit('till', 'a customer pays', 10 * minute);
  inhibitions.inhibit('fair', 'open all day', 24 * 60 * minute);
  clock.advance(minute);
  inhibitions.slept(0);
  expect(inhibitions.list()).toHaveLength(2);
  inhibitions.slept(8 * 60 * minute);
  expect(inhibitions.list().map(({ owner }) => owner)).toEqual(['fair']);
  expect(published.at(-1)?.source).toBe('inhibit: fair (open all day)');
  clock.advance((16 * 60 - 1) * minute);
  expect(inhibitions.list()).toEqual([]);
  expect(published.at(-1)?.value.kind).toBe('unknown');
  inhibitions.close();
});
