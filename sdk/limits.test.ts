import { describe, expect, test } from '@jest/globals';
import { clip } from './limits.js';

describe('text cut to a limit', () => {
  const cases: [string, string, number, string][] = [
    ['is left alone below it', 'short', 10, 'short'],
    ['is left alone at it', '0123456789', 10, '0123456789'],
    ['ends in an ellipsis above it', '0123456789a', 10, '0123456…'],
    ['is never cut inside a character', 'ääääää', 10, 'äää…'],
    ['is never cut inside a surrogate pair', 'a😀😀😀', 10, 'a😀…'],
    ['loses half a surrogate pair', 'a\ud83d', 10, 'a\ufffd'],
  ];
  test.each(cases)('%s', (_name, text, bytesMax, expected) => {
    expect(clip(text, bytesMax)).toBe(expected);
    expect(Buffer.byteLength(clip(text, bytesMax))).toBeLessThanOrEqual(bytesMax);
  });
});
