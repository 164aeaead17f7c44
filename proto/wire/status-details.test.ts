import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, test } from '@jest/globals';
import { readStatusDetails } from './status-details.js';

const text = (field: number, value: string | Uint8Array): Uint8Array => {
  const writer = new BinaryWriter().tag(field, WireType.LengthDelimited);
  return (typeof value === 'string' ? writer.string(value) : writer.bytes(value)).finish();
};
const number = (field: number, value: number): Uint8Array =>
  new BinaryWriter().tag(field, WireType.Varint).int64(value).finish();
const joined = (...parts: Uint8Array[]): Uint8Array => Buffer.concat(parts);

const any = (type: string, value: Uint8Array): Uint8Array =>
  text(3, joined(text(1, `type.googleapis.com/google.rpc.${type}`), text(2, value)));
const errorInfo = (reason: string, ...domain: string[]): Uint8Array =>
  any('ErrorInfo', joined(text(1, reason), ...domain.map((each) => text(2, each))));
const retryInfo = (...duration: Uint8Array[]): Uint8Array =>
  any('RetryInfo', text(1, joined(...duration)));
const status = (...details: Uint8Array[]): Uint8Array =>
  joined(number(1, 8), text(2, 'slow down'), ...details);

describe('what a google.rpc.Status says beside its words', () => {
  test('the reason, and for how long the upstream asked to be left alone', () => {
    const whole = status(
      retryInfo(number(1, 90), number(2, 500_000_000)),
      errorInfo('RATE_LIMITED', 'updater.lull'),
    );
    expect(readStatusDetails(whole)).toEqual({ reason: 'RATE_LIMITED', retryDelayMs: 90_500 });
  });

  test("another API's word, let through from its server, is none of the contract", () => {
    const elsewhere = errorInfo('RATE_LIMIT_EXCEEDED', 'googleapis.com');
    expect(readStatusDetails(status(elsewhere))).toEqual({});
    const own = errorInfo('RATE_LIMITED', 'updater.lull');
    expect(readStatusDetails(status(elsewhere, own)).reason).toBe('RATE_LIMITED');
    expect(readStatusDetails(status(errorInfo('LOCK_HELD'))).reason).toBe('LOCK_HELD');
  });

  test.each([
    ['of no length', [], 0],
    ['in the past', [number(1, -5)], 0],
    ['longer than a year', [number(1, 40_000_000)], 40_000_000_000],
  ])('a wait %s is a number all the same', (_what, duration, ms) => {
    expect(readStatusDetails(status(retryInfo(...duration)))).toEqual({ retryDelayMs: ms });
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['no protobuf', Buffer.from([0x1a, 0xff, 0xff, 0xff])],
    ['details without a value', status(text(3, text(1, 'type.googleapis.com/google.rpc.Help')))],
  ])('%s says nothing', (_what, bytes) => {
    expect(readStatusDetails(bytes)).toEqual({});
  });
});
