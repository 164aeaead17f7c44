import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { fail, failureFromHost, failureOf, statusOf } from './failure.js';
import { failureToWire } from './wire.js';

test('a scan, which has no outcome, says in its status for how long its server wants to be left alone', () => {
  const said = statusOf(fail('RATE_LIMITED', 'too much', { retryAfterMs: 90_000.4 }));
  expect(said.code).toBe(status.RESOURCE_EXHAUSTED);
  expect(said.metadata?.getMap()).toEqual({
    'lull-reason': 'RATE_LIMITED',
    'lull-retry-after-ms': '90000',
  });
  expect(statusOf(fail('LOCK_HELD', 'busy')).metadata?.getMap()).toEqual({
    'lull-reason': 'LOCK_HELD',
  });
});

test.each([
  ['that is no number', Number.NaN, undefined],
  ['into the past', -1, undefined],
  ['for ever', Number.POSITIVE_INFINITY, 86_400_000n],
])('a wait %s does not cost the failure that it came with', (_what, retryAfterMs, ms) => {
  const failed = failureToWire(fail('UPSTREAM_DOWN', 'down', { retryAfterMs }));
  expect(failed.kind).toMatchObject({ value: { reason: 'UPSTREAM_DOWN', retryAfterMs: ms } });
});

test.each([true, false])('whether it is worth another try is said either way: %j', (retry) => {
  const failed = failureToWire(fail('UPSTREAM_DOWN', 'down', { retry }));
  expect(failed.kind).toMatchObject({ value: { retry, giveUp: !retry } });
});

test('what nobody foresaw is tried again: once may be an accident', () => {
  expect(failureOf(new Error('read ECONNRESET'), 'download')).toMatchObject({
    reason: 'UPDATER_ERROR',
    retry: true,
  });
  const cut = { code: status.UNAVAILABLE, details: 'dropped', metadata: new Metadata() };
  expect(failureFromHost(cut as ServiceError)).toMatchObject({ reason: 'HOST_ERROR', retry: true });
});
