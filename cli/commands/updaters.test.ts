import { describe, expect, test } from '@jest/globals';
import { CommandError } from '../failure.js';
import { parseSettings } from './updaters.js';

describe('--set', () => {
  test('takes what comes after the first equals sign, whatever it is', () => {
    const settings = parseSettings(['prefix=/opt/x', 'url=https://a.example/?b=c', 'empty=']);
    expect([...settings]).toEqual([
      ['prefix', '/opt/x'],
      ['url', 'https://a.example/?b=c'],
      ['empty', ''],
    ]);
  });

  test('given twice, the last one counts', () => {
    expect(parseSettings(['a=1', 'a=2']).get('a')).toBe('2');
  });

  test.each(['prefix', '=x', ''])('%j is refused, with exit code 2', (pair) => {
    expect(() => parseSettings([pair])).toThrow(CommandError);
    expect(() => parseSettings([pair])).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});
