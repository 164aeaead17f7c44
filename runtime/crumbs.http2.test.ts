// T23: messages in frames of a byte each, which cost their reader a hundred times what they are, and what
// nobody asked for.

import { expect, test } from '@jest/globals';
import { crumbWatch } from './crumbs.http2.js';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const [HEADERS, RST_STREAM, PUSH_PROMISE, WINDOW_UPDATE] = [1, 3, 5, 8];
const [END_STREAM, PADDED] = [1, 8];

function frame(type: number, stream: number, bytes: number | Buffer, flags = 0): Buffer {
  const payload = typeof bytes === 'number' ? Buffer.alloc(bytes, 0xff) : bytes;
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.byteLength, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A message of gRPC. */
function message(bytes: number): Buffer {
  const all = Buffer.alloc(5 + bytes, 0xff);
  all[0] = 0;
  all.writeUInt32BE(bytes, 1);
  return all;
}

const times = (count: number, make: (at: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, at) => make(at)));

/** How far it is let, in pieces of so many bytes. */
function letThrough(
  sent: Buffer,
  pieceBytes: number,
  side: 'client' | 'server' = 'client',
): number {
  const watch = crumbWatch(side);
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

test.each([1, 7, 4_096])(
  'many small messages are none, but of the next one, in pieces of %d bytes',
  (pieceBytes) => {
    const small = times(1_000, (at) => frame(0, 1, message(at % 40)));
    const together = frame(
      0,
      1,
      times(300, (at) => message(at % 40)),
    );
    const inTwo = times(200, () =>
      Buffer.concat([frame(0, 1, message(3).subarray(0, 4)), frame(0, 1, message(3).subarray(4))]),
    );
    const good = Buffer.concat([frame(HEADERS, 1, 40), small, together, inTwo]);
    expect(letThrough(good, pieceBytes, 'server')).toBe(good.byteLength);
    const crumbs = times(200, (at) => frame(0, 1, at === 0 ? message(999).subarray(0, 9) : 1));
    const bad = Buffer.concat([good, crumbs]);
    expect(letThrough(bad, pieceBytes, 'server')).toBeLessThan(good.byteLength + 130 * 10);
  },
);

test('of many streams at once each has its own, and what has ended is forgotten', () => {
  const calls = times(5_000, (at) =>
    Buffer.concat([
      frame(HEADERS, 2 * at + 1, 40),
      frame(0, 2 * at + 1, 20),
      ...(at % 2 === 0
        ? [frame(0, 2 * at + 1, 0, END_STREAM)]
        : [frame(RST_STREAM, 2 * at + 1, 4)]),
      frame(WINDOW_UPDATE, 0, 4),
    ]),
  );
  expect(letThrough(Buffer.concat([PREFACE, calls]), 1_000)).toBe(24 + calls.byteLength);
  const held = times(48 * 200, (at) => frame(0, 2 * (at % 48) + 1, 1));
  expect(letThrough(Buffer.concat([PREFACE, held]), 1_000)).toBeLessThan(48 * 130 * 10);
});

test('no crumbs are forgotten for what is sent on streams that were given up', () => {
  const given = times(300, (at) =>
    Buffer.concat([frame(HEADERS, 2 * at + 3, 40), frame(RST_STREAM, 2 * at + 3, 4)]),
  );
  const hidden = times(100, () =>
    Buffer.concat([times(100, () => frame(0, 1, 1)), times(300, (at) => frame(0, 2 * at + 3, 0))]),
  );
  const sent = Buffer.concat([PREFACE, frame(HEADERS, 1, 40), given, hidden]);
  expect(letThrough(sent, 1_000)).toBeLessThan(24 + 49 + given.byteLength + 10_000);
});

test('messages of the longest, in the frames of an honest client, are none', () => {
  const whole = times(300, (at) =>
    times(6, (part) => frame(0, 2 * at + 1, 16_384, part === 5 ? END_STREAM : 0)),
  );
  expect(letThrough(Buffer.concat([PREFACE, whole]), 4_096)).toBe(24 + whole.byteLength);
});

test('a message that is much too long is none either: gRPC says so', () => {
  const much = times(400, () => frame(0, 1, 16_384));
  expect(letThrough(Buffer.concat([PREFACE, much]), 4_096)).toBe(24 + much.byteLength);
});

test('answers with one head and trailers are good, also of thousands of calls', () => {
  const answers = times(5_000, (at) =>
    Buffer.concat([
      frame(HEADERS, 2 * at + 1, 40),
      frame(0, 2 * at + 1, message(20)),
      frame(HEADERS, 2 * at + 1, 40, END_STREAM),
    ]),
  );
  expect(letThrough(answers, 1_000, 'server')).toBe(answers.byteLength);
});

test.each([
  ['a stream that it opens by itself', frame(PUSH_PROMISE, 1, 20)],
  ['heads before the answer', Buffer.concat([frame(HEADERS, 1, 9), frame(HEADERS, 1, 9)])],
  ['padding, which hides where a message ends', frame(0, 1, 20, PADDED)],
])('a server is not let send %s', (_what, sent) => {
  expect(letThrough(Buffer.concat([sent, frame(0, 1, 1)]), 1, 'server')).toBeLessThan(
    sent.byteLength,
  );
});
