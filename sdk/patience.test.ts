import { expect, test } from '@jest/globals';
import { fail } from './failure.js';
import { patiently } from './patience.js';

const { signal } = new AbortController();

/** Is refused so many times, then answered. */
function refusing(times: number, error: () => Error) {
  const calls = { count: 0 };
  const call = () => {
    calls.count += 1;
    return calls.count > times ? Promise.resolve('done') : Promise.reject(error());
  };
  return { calls, call };
}

const later = () => fail('RATE_LIMITED', 'too much', { retryAfterMs: 1 });

test('a call that comes too early is made again when the host says, and not for ever', async () => {
  await expect(patiently(signal, refusing(19, later).call)).resolves.toBe('done');
  const { calls, call } = refusing(20, later);
  await expect(patiently(signal, call)).rejects.toMatchObject({ reason: 'RATE_LIMITED' });
  expect(calls.count).toBe(20);
});

test.each([
  ['does not say when', () => fail('RATE_LIMITED', 'too much at once')],
  ['means an hour', () => fail('RATE_LIMITED', 'x', { retryAfterMs: 3_600_000 })],
  ['means a server', () => fail('UPSTREAM_DOWN', 'x', { retryAfterMs: 1 })],
])('one that %s is not', async (_what, error) => {
  const { calls, call } = refusing(1, error);
  await expect(patiently(signal, call)).rejects.toThrow();
  expect(calls.count).toBe(1);
});

test('a run that is cut waits no more', async () => {
  const cut = new AbortController();
  const slow = () => fail('RATE_LIMITED', 'too much', { retryAfterMs: 9_000 });
  const waiting = patiently(cut.signal, refusing(1, slow).call);
  cut.abort(new Error('cut'));
  await expect(waiting).rejects.toThrow('cut');
});
