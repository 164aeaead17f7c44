import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bytesOf, zoneOf } from './zone.js';

describe('the bytes of an address', () => {
  test.each([
    ['1.2.3.4', [1, 2, 3, 4]],
    ['::', Array.from({ length: 16 }, () => 0)],
    ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
    ['::ffff:1.2.3.4', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4]],
    ['fe80::1%eth0', [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
  ])('%s', (text, bytes) => {
    expect(bytesOf(text)).toEqual(bytes);
  });

  test.each([
    ...['', 'a.example', '1.2.3', '1.2.3.256', '1.2.3.4.5', '0x7f.1', '2130706433', '1::2::3'],
    ...['1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '12345::', ':', ':::', '::1.2.3', '[::1]', 'g::'],
    ...['1:2:3:4:5:6:7::8', '::ffff:1.2.3.4:5'],
  ])('%s is no address', (text) => {
    expect(bytesOf(text)).toBeUndefined();
  });

  test('of any spelling are the same', () => {
    const words = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(words, (all) => {
        const text = all.map((word) => word.toString(16)).join(':');
        const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1);
        expect(bytesOf(canonical)).toEqual(bytesOf(text));
        expect(bytesOf(text)).toEqual(all.flatMap((word) => [word >> 8, word & 0xff]));
      }),
    );
  });
});

test('an IPv4 address is what it is, however it is carried', () => {
  const byte = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(fc.tuple(byte, byte, byte, byte), ([a, b, c, d]) => {
      const plain = [a, b, c, d].map(String).join('.');
      const [high, low] = [((a << 8) | b).toString(16), ((c << 8) | d).toString(16)];
      const zone = zoneOf(plain);
      expect(zoneOf(`::ffff:${plain}`)).toBe(zone);
      expect(zoneOf(`::ffff:0:${plain}`)).toBe(zone);
      expect(zoneOf(`64:ff9b::${plain}`)).toBe(zone);
      expect(zoneOf(`2002:${high}:${low}::1`)).toBe(zone);
    }),
  );
});
