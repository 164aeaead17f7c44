// Whoever mends a policy file goes to a line, and counts from one.

import { expect, test } from '@jest/globals';
import { problemsOf } from './file.testing.js';
import { pathInWords } from './file.place.js';

test('every problem has its line, and says which entry of a list in words', () => {
  const problems = problemsOf(`# the policy of the tills
holds:
  - { updater: com.acme.tool, why: later }
  - updater: com.acme.words
    until: 2027-01-31T08:00:00Z
waiting:
  away: 5m
  away_for_instal: 10m
groups:
  - { name: tills, hosts: [till-*, "(a+)+"], at_once: 2 }
battery:
  start: 10
  continue: 30
`);
  expect(problems).toHaveLength(4);
  expect(problems[0]).toBe('line 4: holds, the second, why: is missing');
  expect(problems).toContain(
    'line 8: waiting.away_for_instal: there is no such key; is it "away_for_install" that is meant?',
  );
  expect(problems.join('\n')).toMatch(/^line 10: groups, the first, hosts, the second: /m);
  expect(problems.at(-1)).toMatch(/^line 12: battery\.continue is above battery\.start/);
});

test('what is an alias is looked for where it leads', () => {
  const problems = problemsOf('x: &late\n  away: soon\nwaiting: *late\n');
  expect(problems.join('\n')).toMatch(/^line 2: waiting\.away: /m);
});

test('what is no YAML says so in one line', () => {
  expect(problemsOf('waiting: {}\nload: [\n')).toEqual([
    expect.stringMatching(/^line \d: not YAML: [^\n]+$/),
  ]);
  expect(problemsOf('waiting: {}\nwaiting: {}\n')).toEqual([
    expect.stringMatching(/^line 2: not YAML: Map keys must be unique$/),
  ]);
});

test('a list has no end of entries that can be named', () => {
  expect(pathInWords(['holds', 5, 'why'])).toBe('holds, the sixth, why');
  expect(pathInWords(['holds', 11])).toBe('holds, the 12th');
});
