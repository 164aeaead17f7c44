import { describe, expect, test } from '@jest/globals';
import { tailOf, tailOfBoth } from './tail.js';

const BYTES_MAX = 16;

test('of a stream its last bytes are kept, however it comes in pieces', () => {
  let kept: Buffer = Buffer.alloc(0);
  for (const piece of ['a'.repeat(40), 'b', '', 'c'.repeat(7)]) {
    kept = tailOf(kept, Buffer.from(piece), BYTES_MAX);
  }
  expect(kept.toString()).toBe('aaaaaaaabccccccc');
});

describe('of two streams', () => {
  const both = (stdout: string, stderr: string): string =>
    tailOfBoth(Buffer.from(stdout), Buffer.from(stderr), BYTES_MAX).toString();

  test.each([
    ['both fit', 'done 1/2\n', 'died\n', 'done 1/2\ndied\n'],
    ['a line that was not ended is not taken for the same', 'done', 'died', 'done\ndied'],
    [
      'of stdout there is what there is room for',
      'x'.repeat(64),
      'died',
      `${'x'.repeat(11)}\ndied`,
    ],
    ['stderr alone may take all', 'done\n', 'd'.repeat(BYTES_MAX), 'd'.repeat(BYTES_MAX)],
    ['stdout alone', 'done', '', 'done'],
    ['stderr alone', '', 'died', 'died'],
    ['nothing at all', '', '', ''],
  ])('%s', (_what, stdout, stderr, kept) => {
    expect(both(stdout, stderr)).toBe(kept);
  });
});
