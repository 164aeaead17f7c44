import { expect, test } from '@jest/globals';
import { partialName, readOrder } from './order.js';

const sha512 = { algorithm: 'sha512', hex: 'ab'.repeat(64) } as const;
const sha1 = { algorithm: 'sha1', hex: 'ab'.repeat(20) } as const;
const good = {
  url: 'https://a.example/',
  mirrors: [],
  digests: [sha1, sha512],
  sizeBytes: 5n,
  sizeBytesMax: 9n,
};

test('a good order is named by its strong digest', () => {
  const reading = readOrder(good);
  expect(reading.kind === 'ok' && partialName(reading.order)).toBe(`sha512-${sha512.hex}`);
});

test.each([
  ['no digest', { digests: [] }],
  ['only SHA-1', { digests: [sha1] }],
  ['an unknown algorithm', { digests: [{ algorithm: undefined, hex: 'ab' }] }],
  ['upper case', { digests: [{ ...sha512, hex: sha512.hex.toUpperCase() }] }],
  ['a digest of another length', { digests: [{ ...sha512, hex: 'ab' }] }],
  ['a path for a digest', { digests: [{ ...sha512, hex: '../'.repeat(42) + 'ab' }] }],
  ['one algorithm twice', { digests: [sha512, { ...sha512, hex: 'cd'.repeat(64) }] }],
  ['more mirrors than anybody has', { mirrors: Array<string>(8).fill('https://b.example/') }],
  ['no bound', { sizeBytesMax: 0n }],
  ['a bound beyond counting', { sizeBytesMax: 2n ** 63n }],
  ['larger than its bound', { sizeBytes: 10n }],
])('refused: %s', (_what, change) => {
  expect(readOrder({ ...good, ...change }).kind).toBe('invalid');
});
