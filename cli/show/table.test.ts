import { expect, test } from '@jest/globals';
import { table } from './table.js';

test('columns are aligned, and nothing trails', () => {
  const rows = [
    ['a', 'long cell', 'last'],
    ['longer', 'b', ''],
    ['c', '', 'x'],
  ];
  expect(table(rows)).toBe('a       long cell  last\nlonger  b\nc                  x');
});

test('rows of different lengths stand side by side', () => {
  expect(table([['a'], ['bb', 'c']])).toBe('a\nbb  c');
});

test('no rows are no text', () => {
  expect(table([])).toBe('');
});
