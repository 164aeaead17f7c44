// Keys of a policy as others would write them.

import { expect, test } from '@jest/globals';
import { problemsOf } from './file.testing.js';

test.each([
  ['a key in one word', 'waiting: { awayForInstall: 10m }', 'is it "away_for_install" that'],
  [
    'a key with a dot as two',
    'load: { cpu: { busy: 30 } }',
    'is it "cpu.busy" or "pressure.cpu" that',
  ],
  ['one letter too few, in a list', 'publishers: [{ id: [a.b] }]', ''],
  ['two letters the wrong way round, in a list', 'holds: [{ udpater: a.b, why: x }]', '"updater"'],
  ['nothing that there is', 'waiting: { coffee: 1m }', ''],
])('%s', (_what, text, meant) => {
  const problem = problemsOf(text).find((each) => each.includes('there is no such key')) ?? '';
  expect(problem).toContain(meant);
  if (meant === '') expect(problem).toMatch(/there is no such key$/);
});
