import { expect, test } from '@jest/globals';
import { liveMany, STORMS_MS_MAX } from './storms.spawn.js';

test(
  'an hour of storms, then calm: all is done in the end, for a thousand seeds from 2000 on',
  async () => {
    const told = await liveMany(2_000, 1_000);
    expect(told).toMatch(/^1000 lives, /);
    process.stdout.write(`storms: ${told}`);
  },
  STORMS_MS_MAX,
);
