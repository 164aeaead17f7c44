import { expect, test } from '@jest/globals';
import { memoryUsed } from './memory.js';

test('what is not available is used', () => {
  const text = 'MemTotal:        8000 kB\nMemFree:           10 kB\nMemAvailable:    6000 kB\n';
  expect(memoryUsed(text)).toEqual({ kind: 'number', number: 25 });
});

test.each([
  ['an old kernel', 'MemTotal: 8000 kB\nMemFree: 10 kB\n', /MemAvailable is missing/],
  ['half a file', 'MemTotal: 8000 kB\nMemAvailable: 60', /MemAvailable is missing/],
  ['nothing', '', /MemTotal is missing/],
  ['no memory', 'MemTotal: 0 kB\nMemAvailable: 0 kB\n', /MemTotal is missing/],
  ['more than all', 'MemTotal: 8000 kB\nMemAvailable: 9000 kB\n', /not a possible value/],
])('%s is unknown, and why', (_what, text, why) => {
  expect(memoryUsed(text)).toEqual({
    kind: 'unknown',
    why: expect.stringMatching(why) as unknown,
  });
});
