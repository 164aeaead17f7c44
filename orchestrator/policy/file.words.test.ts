// What is wrong with a policy file, as whoever wrote it reads it.

import { describe, expect, test } from '@jest/globals';
import { problemsOf } from './file.testing.js';

test('what is wrong with one member of an entry hides nothing of the others', () => {
  expect(
    problemsOf('publishers: [{ name: a, keys: [nonsense], ids: ["*"], threshold: 3, auto: yes }]'),
  ).toEqual([
    'line 1: publishers, the first, keys, the first: is not Ed25519, in base64 or PEM',
    'line 1: publishers, the first, ids, the first: is not an id or a prefix such as com.acme.*',
    'line 1: publishers, the first, auto: wants never or same-grants or always, not "yes"',
    'line 1: publishers, the first: has fewer keys than its threshold',
  ]);
});

test('problems are told from the top of the file to its end', () => {
  const problems = problemsOf(`
retry: { first: 6h }
colour: blue
battery: { start: 200 }
waiting: { away: soon }
publishers: [{ name: a, keys: [], ids: [a.b] }]
`);
  expect(problems.map((problem) => problem.split(':')[0])).toEqual(
    [2, 3, 4, 5, 6].map((line) => `line ${String(line)}`),
  );
});

describe('says what is wanted, and what stands there', () => {
  test.each([
    ['load: { cpu.busy: high }', 'load.cpu.busy: wants a number, or off, not "high"'],
    ['load: { cpu.busy: 120 }', 'load.cpu.busy: wants at most 100'],
    ['network: { kb_per_s: 0 }', 'network.kb_per_s: wants at least 1'],
    ['heat: { look: warm }', 'wants nominal or moderate or serious or critical, not "warm"'],
    ['slots: { change: 1.5 }', 'slots.change: wants a whole number, not 1.5'],
    ['rollout: { rings: [{ name: a, percent: 0 }] }', 'percent: wants more than 0'],
    ['windows: { from: "01:00" }', 'windows: wants a list, not keys'],
    ['waiting: [4m]', 'waiting: wants keys below it, not a list'],
    ['waiting: true', 'waiting: wants keys below it, not true'],
    ['time_zone: 5', 'time_zone: wants a text, not 5'],
    ['publishers: [{ name: a, keys: [], ids: [a.b] }]', 'keys: wants at least 1 entry'],
    ['holds: [{ updater: a.b, why: "" }]', 'why: wants at least 1 character'],
    ['holds: [{ updater: a.b, why: }]', 'why: wants a text, not nothing'],
    ['just words', 'the file wants keys below it, not "just words"'],
  ])('%s', (text, said) => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(said)]);
  });

  test('but no more of it than tells which one is meant', () => {
    for (const text of [
      `waiting: { away: "${'9'.repeat(9_000)}" }`,
      `load: "${'x'.repeat(9_000)}"`,
    ])
      expect(problemsOf(text).join().length).toBeLessThan(150);
  });
});
