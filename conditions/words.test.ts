import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { displayText, escapedText, formatBytes, formatDuration, lastOf, oneLine } from './words.js';

test.each([
  [0, '0 ms'],
  [850, '850 ms'],
  [4_000, '4 s'],
  [119_999, '119 s'],
  [180_000, '3 min'],
  [239_999, '3 min'],
  [7_200_000, '2 h'],
  [432_000_000, '5 d'],
])('%d ms is said as "%s"', (ms, said) => {
  expect(formatDuration(ms)).toBe(said);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_400, '1.4 kB'],
  [1_400_000, '1.4 MB'],
  [250_000_000, '250 MB'],
  [3e15, '3.0 PB'],
  [3e18, '3000 PB'],
])('%d bytes are said as "%s"', (bytes, said) => {
  expect(formatBytes(bytes)).toBe(said);
});

describe('foreign text', () => {
  test.each([
    ['a terminal escape', '\u001b[2Jx', '\ufffd[2Jx'],
    ['a C1 control', '\u009b2J', '\ufffd2J'],
    ['a new line', 'a\nb', 'a\ufffdb'],
    ['text that is shown backwards', 'a\u202egnp.exe', 'a\ufffdgnp.exe'],
    ['text that is not shown', 'a\u200bb', 'a\ufffdb'],
    ['letters that are tags, and nobody sees', 'a\u{e0041}\u{e0042}b', 'a\ufffd\ufffdb'],
    [
      'hyphens and marks that are not drawn',
      'a\u00ad\u180e\u206a\ufff9b',
      'a\ufffd\ufffd\ufffd\ufffdb',
    ],
    ['the sign of an Arabic number, which is', '\u0600\u0661', '\u0600\u0661'],
    ['text as it should be', 'Ümläute, 漢字 and 🎉', 'Ümläute, 漢字 and 🎉'],
  ])('%s', (_what, text, shown) => {
    expect(displayText(text, 100)).toBe(shown);
  });

  test('is cut between characters, never inside one', () => {
    expect(displayText('🎉🎉🎉🎉', 3)).toBe('🎉🎉…');
    expect(displayText('🎉🎉🎉', 3)).toBe('🎉🎉🎉');
  });

  test('however long and whatever it is, what is shown is short and clean', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 400 }),
        fc.integer({ min: 1, max: 50 }),
        (text, max) => {
          const shown = displayText(text, max);
          expect(Array.from(shown).length).toBeLessThanOrEqual(max);
          expect(shown).not.toMatch(/[\p{Cc}\u202a-\u202e\u{e0000}-\u{e007f}]/u);
        },
      ),
    );
  });
});

test('what nobody sees in a line of JSON is escaped there, and is read as it was', () => {
  const line = JSON.stringify({ title: 'a\u{e0041}\u202eb\u00ad' });
  const escaped = escapedText(line);
  expect(escaped).toMatch(/^[\x20-\x7e]*$/);
  expect(JSON.parse(escaped)).toEqual(JSON.parse(line));
});

test('a traceback on one line can still be read', () => {
  const text = 'Traceback:\n  File "main.py"\r\n\tmain()\nValueError: 1\n\n';
  expect(displayText(oneLine(text), 100)).toBe(
    'Traceback: ⏎   File "main.py" ⏎   main() ⏎ ValueError: 1',
  );
});

test.each([
  ['short', 5, 'short'],
  ['too long', 5, '…long'],
  ['half of 👍👍👍', 3, '…👍👍'],
  ['', 5, ''],
])('the end of %j in %d characters', (text, charsMax, end) => {
  expect(lastOf(text, charsMax)).toBe(end);
});
