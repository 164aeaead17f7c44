import { describe, expect, test } from '@jest/globals';
import { defaultAwayAfter } from '../../sensor-service/reading/seat.js';
import { CommandError } from '../failure.js';
import { parseAwayAfter, wordsOf } from './away-after.js';

describe('--away-after', () => {
  test('changes what it names, and nothing else', () => {
    expect(parseAwayAfter([])).toEqual(defaultAwayAfter);
    expect(parseAwayAfter(['input=90s', 'terminal=1h'])).toEqual({
      ...defaultAwayAfter,
      inputMs: 90_000,
      terminalMs: 3_600_000,
    });
  });

  test('says its defaults in the words that it takes', () => {
    expect(wordsOf(defaultAwayAfter)).toEqual([
      'input=4m',
      'dark=1m',
      'locked=20s',
      'terminal=10m',
    ]);
    expect(parseAwayAfter(wordsOf(defaultAwayAfter))).toEqual(defaultAwayAfter);
  });

  test.each(['input', 'input=', '=4m', 'input=4', 'screen=4m', 'constructor=4m', 'input=soon'])(
    '%j is refused, and what there is named',
    (pair) => {
      const because = 'a time such as 2m for one of input, dark, locked, terminal';
      expect(() => parseAwayAfter([pair])).toThrow(CommandError);
      expect(() => parseAwayAfter([pair])).toThrow(because);
    },
  );

  test.each(['locked=19s', 'terminal=0s', 'input=2d'])('%j is beyond what is possible', (pair) => {
    expect(() => parseAwayAfter([pair])).toThrow('20 s to 24 h are possible');
  });
});
