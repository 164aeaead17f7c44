import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readAsked } from './asked.js';
import type { Benchmark } from './benchmark.js';

const decide: Benchmark = {
  what: 'something',
  quickRepeats: 2,
  needsSandbox: false,
  run: () => Promise.reject(new Error('nothing is measured here')),
};
const benchmarks = new Map<string, Benchmark>([
  ['decide', decide],
  ['overlap', { ...decide, replays: true }],
  ['regret', { ...decide, replays: true }],
]);

/** What is given, and what the answer has to say of it. */
const wrong: readonly (readonly [readonly string[], string])[] = [
  [[], 'which benchmark? decide, overlap, regret'],
  [['overlaps'], 'no benchmark is called "overlaps"; there are decide, overlap, regret'],
  [['overlap', 'regret'], 'one benchmark at a time, not also regret'],
  [['overlap', '--repeats', '0'], '--repeats 0: wanted is a whole number from 1'],
  [['overlap', '--repeats', '2.5'], '--repeats 2.5: wanted is a whole number from 1'],
  [['overlap', '--repeats', '1001'], '--repeats 1001: wanted is a whole number from 1 to 1000'],
  [['overlap', '--repeats='], '--repeats : wanted is a whole number from 1'],
  [['overlap', '--json', '/nowhere/at/all.json'], 'there is no directory /nowhere/at; make it'],
  [['overlap', '--json', tmpdir()], 'that is a directory; name a file'],
  [['overlap', '--json='], '--json wants the name of a file'],
  [['decide', '--trace', 'a.csv'], 'decide replays no recording: --trace goes with overlap and'],
  [['overlap', '--power', 'a.csv'], 'add --trace'],
  [['overlap', '--slow'], "Unknown option '--slow'"],
];

test.each(wrong)('%j is refused before anything is measured, and why', (args, says) => {
  expect(() => readAsked(args, benchmarks)).toThrow(says);
});

test('what is right is taken as it is: five repeats, and fewer for a look', () => {
  const json = join(tmpdir(), 'out.json');
  const asked = { name: 'decide', benchmark: decide, repeats: 5, quick: false, json };
  expect(readAsked(['decide', '--json', json], benchmarks)).toEqual(asked);
  expect(readAsked(['decide', '--quick'], benchmarks)?.repeats).toBe(2);
  expect(readAsked(['decide', '--quick', '--repeats', '7'], benchmarks)?.repeats).toBe(7);
  expect(readAsked(['--help'], benchmarks)).toBeUndefined();
});
