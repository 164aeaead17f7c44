import { expect, test } from '@jest/globals';
import { Given } from './given.js';
import { Uses } from './uses.js';

test('a run that asks by ever new URLs fills no memory: what is forgotten is news again (T23)', () => {
  const given = new Given(new Uses());
  const run = { runId: 'run-1', over: new AbortController().signal };
  const isNews = (count: number): boolean => given.isNews(run, `digest url?${String(count)}`);
  for (let count = 0; count <= 1_000; count += 1) expect(isNews(count)).toBe(true);
  expect([isNews(1_000), isNews(1)]).toEqual([false, false]);
  expect(isNews(0)).toBe(true);
});
