import { expect, test } from '@jest/globals';
import { faultList, rowsOf } from './rows.js';

test('rows come with their lines, blank ones are skipped', () => {
  const faults = faultList();
  expect([...rowsOf('head\na\n\n b \r\nc', faults)]).toEqual([
    { line: 2, row: 'a' },
    { line: 4, row: ' b' },
    { line: 5, row: 'c' },
  ]);
  expect(faults.count).toBe(0);
});

test('a text without end is cut off, and the line named from which on', () => {
  const faults = faultList();
  expect([...rowsOf('head\na\nb\nc\nd\n', faults, 3)].map(({ row }) => row)).toEqual(['a', 'b']);
  expect(faults.lines).toEqual(['line 4: more than 3 lines: what follows is left out']);
  const whole = faultList();
  expect([...rowsOf('head\na\nb\n', whole, 3)]).toHaveLength(2);
  expect(whole.count).toBe(0);
});
