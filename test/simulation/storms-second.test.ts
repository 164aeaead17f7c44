import { afterAll, expect, test } from '@jest/globals';
import { hundredsFrom, liveHundred, STORMS_MS_MAX, tellLives } from './storms.js';

afterAll(tellLives);

test.each(hundredsFrom(2_000, 1_000))(
  'an hour of storms, then calm: all is done in the end, for a hundred seeds from %d on',
  async (first) => {
    expect(await liveHundred(first)).toBe(100);
  },
  STORMS_MS_MAX,
);
