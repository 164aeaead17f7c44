import { expect, test } from '@jest/globals';
import type { SandboxExit } from '../sandbox/sandbox.js';
import { tryToFreeze, tryToThrottle } from './holding.loop.js';

/** Uses these shares of a processor while it goes, and is frozen and slowed; from its beginning on. */
function canary(how: {
  readonly frozenShare?: number;
  readonly slowedShare?: number;
  readonly hasQuota?: boolean;
  readonly exited?: Promise<SandboxExit>;
}) {
  let share = 1;
  let countedMs = performance.now();
  let usedUs = 1_000;
  const calls: string[] = [];
  const count = (): void => {
    const nowMs = performance.now();
    usedUs += (nowMs - countedMs) * 1_000 * share;
    countedMs = nowMs;
  };
  const from = (call: string, next: number): void => {
    calls.push(call);
    count();
    share = next;
  };
  return {
    calls,
    freeze: () => {
      from('freeze', how.frozenShare ?? 0);
    },
    thaw: () => {
      from('thaw', 1);
    },
    throttle: () => {
      from('throttle', how.slowedShare ?? 0.1);
      return how.hasQuota ?? true;
    },
    unthrottle: () => {
      from('unthrottle', 1);
    },
    cpuUs: () => {
      count();
      return usedUs;
    },
    exited: how.exited ?? new Promise<SandboxExit>(() => undefined),
  };
}

test('who stands while it is frozen, and is slow while it is slowed, is held, and let go of', async () => {
  const held = canary({});
  expect(await tryToFreeze(held)).toBe('denied');
  expect(await tryToThrottle(held)).toBe('denied');
  expect(held.calls).toEqual(['freeze', 'thaw', 'throttle', 'unthrottle']);
});

test('who goes on at full speed is not, and is let go of all the same', async () => {
  const wild = canary({ frozenShare: 1, slowedShare: 1 });
  const results = await Promise.all([tryToFreeze(wild), tryToThrottle(wild)]);
  expect(results).toEqual(['allowed', 'allowed']);
  expect([...wild.calls].sort()).toEqual(['freeze', 'thaw', 'throttle', 'unthrottle']);
});

test('where the kernel has no quota of processors nothing is slowed, however little it uses', async () => {
  const lazy = canary({ slowedShare: 0, hasQuota: false });
  expect(await tryToThrottle(lazy)).toBe('allowed');
  expect(lazy.calls).toEqual(['throttle', 'unthrottle']);
});

test('who came to its end while it was held was not', async () => {
  const exited = Promise.resolve({ code: 0, signal: undefined });
  expect(await tryToFreeze(canary({ exited }))).toBe('allowed');
  expect(await tryToThrottle(canary({ slowedShare: 0, exited }))).toBe('allowed');
});
