import { expect, test } from '@jest/globals';
import { Uses } from './uses.js';

test('what is held by any of its names does not leave, until the last one lets go', async () => {
  const uses = new Uses();
  const [one, other] = [await uses.hold(['a', 'long-a']), await uses.hold(['a'])];
  expect(uses.leave(['long-a'])).toBeUndefined();
  one();
  one();
  expect([uses.isHeld('long-a'), uses.leave(['long-a', 'a'])]).toEqual([false, undefined]);
  other();
  expect(uses.leave(['long-a', 'a'])).toBeDefined();
});

test('whoever wants what is leaving waits until it is gone', async () => {
  const uses = new Uses();
  const end = uses.leave(['a', 'long-a']);
  let held = false;
  const holding = uses.hold(['long-a', 'b']).then(() => (held = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect([held, uses.isHeld('b')]).toEqual([false, false]);
  end?.();
  await holding;
  expect(uses.leave(['b'])).toBeUndefined();
});
