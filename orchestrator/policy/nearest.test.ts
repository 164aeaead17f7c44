// Typing errors in ids, as they come up.

import { expect, test } from '@jest/globals';
import { nearestOf } from './nearest.js';

const names = ['dev.lull.npm', 'com.example.words', 'npm:json5', 'npm:js-yaml', 'words'];

test.each([
  ['dev.lull.nmp', ['dev.lull.npm']],
  ['npm:jsn5', ['npm:json5']],
  ['json5', ['npm:json5']],
  ['npm', ['dev.lull.npm', 'npm:json5', 'npm:js-yaml']],
  ['wrods', ['words']],
  ['com.exmple.word', ['com.example.words']],
])('%s may have been %j', (word, meant) => {
  expect(nearestOf(word, names)).toEqual(meant);
});

test.each(['', 'x', 'left-pad', 'dev.lull.apt-get'])('nothing is like "%s"', (word) => {
  expect(nearestOf(word, names)).toEqual([]);
});
