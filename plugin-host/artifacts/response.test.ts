import { describe, expect, test } from '@jest/globals';
import { lengthProblem, readResponse, validatorOf } from './response.js';

const DAY_MS = 86_400_000;
const nowMs = Date.parse('2026-01-01T00:00:00Z');

function read(status: number, headers: Record<string, string> = {}, haveBytes = 100) {
  return readResponse({ status, headers: new Map(Object.entries(headers)) }, haveBytes, nowMs);
}

describe('a server that was asked to continue', () => {
  test('continues where it was asked to', () => {
    expect(read(206, { 'content-range': 'bytes 100-199/200' })).toEqual({
      kind: 'continues',
      totalBytes: 200,
    });
    expect(read(206, { 'content-range': 'bytes 100-199/*' })).toEqual({
      kind: 'continues',
      totalBytes: undefined,
    });
  });

  test.each(['bytes 0-199/200', 'bytes 101-199/200', 'pages 100-199/200', '', 'bytes 100-'])(
    'continues somewhere else: %j',
    (range) => {
      expect(read(206, { 'content-range': range })).toEqual({ kind: 'useless' });
    },
  );

  test('says that nothing is left, or that it cannot', () => {
    expect(read(416, { 'content-range': 'bytes */100' })).toEqual({ kind: 'complete' });
    expect(read(416, { 'content-range': 'bytes */90' })).toEqual({ kind: 'useless' });
    expect(read(416)).toEqual({ kind: 'useless' });
  });
});

describe('a server that sends the whole', () => {
  test.each([
    ['application/octet-stream', false],
    ['text/html; charset=utf-8', true],
    [' Text/HTML', true],
    ['application/xhtml+xml', true],
  ])('of type %s', (type, isPage) => {
    expect(read(200, { 'content-type': type, 'content-length': '7' })).toEqual({
      ...{ kind: 'starts-over', totalBytes: 7, isPage },
    });
  });

  test('in one part of it', () => {
    expect(read(206, { 'content-range': 'bytes 0-199/200' }, 0)).toEqual({
      ...{ kind: 'starts-over', totalBytes: 200, isPage: false },
    });
  });
});

describe('Retry-After', () => {
  test('in seconds, as a date, in the past, and nonsense', () => {
    const wait = (text: string): unknown => {
      const meaning = read(503, { 'retry-after': text });
      return meaning.kind === 'try-again' ? meaning.retryAfterMs : meaning;
    };
    expect(wait('7')).toBe(7_000);
    expect(wait('Thu, 01 Jan 2026 00:00:30 GMT')).toBe(30_000);
    expect(wait('Wed, 31 Dec 2025 00:00:00 GMT')).toBe(0);
    expect(wait('soon')).toBeUndefined();
    expect([wait('999999'), wait('Fri, 01 Jan 2027 00:00:00 GMT')]).toEqual([DAY_MS, DAY_MS]);
  });
});

test('only a strong ETag, or else a date, vouches for bytes', () => {
  const date = 'Thu, 01 Jan 2026 00:00:30 GMT';
  expect(validatorOf(new Map([['etag', '"a"']]))).toBe('"a"');
  expect(validatorOf(new Map([['etag', 'W/"a"']]))).toBeUndefined();
  expect(
    validatorOf(
      new Map([
        ['etag', 'W/"a"'],
        ['last-modified', date],
      ]),
    ),
  ).toBe(date);
  expect(validatorOf(new Map([['etag', '"a"\r\nx: y']]))).toBeUndefined();
});

test('an announced length is held against what was ordered', () => {
  expect(lengthProblem(10, { sizeBytes: 10, sizeBytesMax: 10 })).toBeUndefined();
  expect(lengthProblem(9, { sizeBytes: 10, sizeBytesMax: 10 })).toMatch('9 bytes, not the 10');
  expect(lengthProblem(11, { sizeBytes: undefined, sizeBytesMax: 10 })).toMatch('more than');
});
