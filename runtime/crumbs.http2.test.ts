// T23: messages in frames of a byte each, which cost their reader a hundred times what they are.

import { expect, test } from '@jest/globals';
import { crumbWatch } from './crumbs.http2.js';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const [HEADERS, WINDOW_UPDATE] = [1, 8];

function frame(type: number, stream: number, bytes: number, flags = 0): Buffer {
  const all = Buffer.alloc(9 + bytes, 0xff);
  all.writeUIntBE(bytes, 0, 3);
  all[3] = type;
  all[4] = flags;
  all.writeUInt32BE(stream, 5);
  return all;
}

const times = (count: number, make: (at: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, at) => make(at)));

/** How far it is let, in pieces of so many bytes. */
function letThrough(sent: Buffer, pieceBytes: number): number {
  const watch = crumbWatch();
  for (let at = 0; at < sent.byteLength; at += pieceBytes) {
    if (!watch(sent.subarray(at, at + pieceBytes))) return at;
  }
  return sent.byteLength;
}

test.each([1, 7, 4_096])('crumbs are seen in pieces of %d bytes', (pieceBytes) => {
  const opened = Buffer.concat([PREFACE, frame(HEADERS, 1, 40)]);
  const good = Buffer.concat([opened, times(128, () => frame(0, 1, 1))]);
  expect(letThrough(good, pieceBytes)).toBe(good.byteLength);
  expect(letThrough(Buffer.concat([good, frame(0, 1, 1)]), pieceBytes)).toBeLessThan(
    good.byteLength + 10,
  );
});

test('of many streams at once each has its own, and what has ended is forgotten', () => {
  const calls = times(5_000, (at) =>
    Buffer.concat([
      frame(HEADERS, 2 * at + 1, 40),
      frame(0, 2 * at + 1, 20),
      ...(at % 2 === 0 ? [frame(0, 2 * at + 1, 0, 1)] : [frame(3, 2 * at + 1, 4)]),
      frame(WINDOW_UPDATE, 0, 4),
    ]),
  );
  expect(letThrough(Buffer.concat([PREFACE, calls]), 1_000)).toBe(24 + calls.byteLength);
  const held = times(48 * 200, (at) => frame(0, 2 * (at % 48) + 1, 1));
  expect(letThrough(Buffer.concat([PREFACE, held]), 1_000)).toBeLessThan(48 * 130 * 10);
});

test('messages of the longest, in the frames of an honest client, are none', () => {
  const whole = times(300, (at) => times(6, () => frame(0, 2 * at + 1, 16_384)));
  expect(letThrough(Buffer.concat([PREFACE, whole]), 4_096)).toBe(24 + whole.byteLength);
});

test('a message that is much too long is none either: gRPC says so', () => {
  const much = times(400, () => frame(0, 1, 16_384));
  expect(letThrough(Buffer.concat([PREFACE, much]), 4_096)).toBe(24 + much.byteLength);
});
