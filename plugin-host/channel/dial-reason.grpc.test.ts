import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { outcomeOf } from '../runs/failure.js';
import { updaterError } from './dial-reason.grpc.js';

function ending(code: status, entries: Record<string, string | Buffer> = {}): ServiceError {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
  return Object.assign(new Error('it failed'), { code, details: 'it failed', metadata });
}

const outcome = (error: ServiceError) => outcomeOf(updaterError(error, false));

/** google.rpc.Status with a RetryInfo of 90 s, as protobuf writes it. */
const retryInfo = Buffer.from(
  '1a300a28747970652e676f6f676c65617069732e636f6d2f676f6f676c652e7270632e5265747279496e666f12' +
    '040a02085a',
  'hex',
);

describe('an upstream that asked to be left alone', () => {
  const limited = { 'lull-reason': 'RATE_LIMITED' };

  test.each<[string, Record<string, string | Buffer>, number | undefined]>([
    ['in metadata', { 'lull-retry-after-ms': '120000' }, 120_000],
    ['in google.rpc.RetryInfo', { 'grpc-status-details-bin': retryInfo }, 90_000],
    ['for longer than is honoured', { 'lull-retry-after-ms': '999999999999999' }, 86_400_000],
    ['with no number', { 'lull-retry-after-ms': 'Wed, 21 Oct' }, undefined],
  ])('is, also where the call itself failed, as a scan does: %s', (_what, entries, ms) => {
    const failed = outcome(ending(status.RESOURCE_EXHAUSTED, { ...limited, ...entries }));
    expect(failed).toMatchObject({ reason: 'RATE_LIMITED', retry: true });
    expect(failed).toHaveProperty('kind', 'failed');
    expect('retryAfterMs' in failed ? failed.retryAfterMs : undefined).toBe(ms);
  });
});

test("a deadline of a call of the updater's own is no updater that never served", () => {
  // Libraries let the status of a server that was asked through as it came.
  const failed = outcome(ending(status.DEADLINE_EXCEEDED));
  expect(failed).toMatchObject({ reason: 'UPDATER_ERROR', retry: true });
});

test('a network that somebody pays for is told as the host told it', () => {
  const failed = outcome(ending(status.RESOURCE_EXHAUSTED, { 'lull-reason': 'METERED' }));
  expect(failed).toMatchObject({ reason: 'METERED', retry: true });
});
