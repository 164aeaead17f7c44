import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { whenAwakeFor } from './awake.js';

/** What being frozen is to a process: nothing of it runs, and then it is much later. */
function freeze(forMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs);
}

test('a limit stands still while the process is frozen', async () => {
  const late = new AbortController();
  const beganAt = performance.now();
  whenAwakeFor(500, () => {
    late.abort();
  });
  freeze(1_000);
  await once(late.signal, 'abort');
  // Being frozen counted for no more than two ticks of 100 ms.
  expect(performance.now() - beganAt).toBeGreaterThanOrEqual(1_250);
});

test('a limit that was cancelled is never reached', async () => {
  let called = false;
  const cancel = whenAwakeFor(50, () => {
    called = true;
  });
  cancel();
  cancel();
  const other = new AbortController();
  whenAwakeFor(200, () => {
    other.abort();
  });
  await once(other.signal, 'abort');
  expect(called).toBe(false);
});
