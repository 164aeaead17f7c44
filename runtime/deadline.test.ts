import { describe, expect, test } from '@jest/globals';
import { DeadlineError, pause, within } from './deadline.js';

const never = new Promise<never>(() => undefined);

describe('waiting for something outside', () => {
  test('what arrives in time arrives, and so does its failure', async () => {
    await expect(within(Promise.resolve(5), 1_000, 'it')).resolves.toBe(5);
    await expect(within(Promise.reject(new Error('no')), 1_000, 'it')).rejects.toThrow('no');
  });

  test('what does not is named in the error', async () => {
    await expect(within(never, 1, 'the peer')).rejects.toThrow(DeadlineError);
    await expect(within(never, 1, 'the peer')).rejects.toThrow('the peer did not finish');
  });
});

describe('pausing', () => {
  test('ends by itself, or at once when the signal says so', async () => {
    await expect(pause(1)).resolves.toBe(true);
    const stop = new AbortController();
    const pausing = pause(60_000, stop.signal);
    stop.abort();
    await expect(pausing).resolves.toBe(false);
    await expect(pause(60_000, stop.signal)).resolves.toBe(false);
  });
});
