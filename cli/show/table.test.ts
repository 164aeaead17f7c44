import { expect, test } from '@jest/globals';
import { foldedTable, table } from './table.js';

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

test('a last column that has no room for a sentence goes on below the row, and nothing is cut off', () => {
  const name = 'disk.free:/var/lib/lull/plugin-host';
  const why = 'the system bus cannot be reached; install one, or say it by `lull presence`';
  const rows = [
    [name, 'unknown', why],
    ['cpu.busy', '3 %', '/proc/stat'],
  ];
  expect(foldedTable(rows, 60).split('\n')).toEqual([
    `${name}  unknown`,
    '    the system bus cannot be reached; install one, or say it',
    '    by `lull presence`',
    'cpu.busy                             3 %      /proc/stat',
  ]);
});
