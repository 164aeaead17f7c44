import { describe, expect, test } from '@jest/globals';
import { verdictOf } from './ending.js';

const code = (value: number) => ({ code: value, signal: null });

describe('the end of a tool', () => {
  test.each([
    [65, 'install', 'DIGEST_MISMATCH', false],
    [65, 'scan', 'DIGEST_MISMATCH', false],
    [69, 'scan', 'UPSTREAM_DOWN', true],
    [73, 'download', 'NO_SPACE', true],
    [75, 'install', 'LOCK_HELD', true],
    [77, 'install', 'GRANT_MISSING', false],
    [1, 'download', 'TOOL_FAILED', true],
    [1, 'scan', 'TOOL_FAILED', true],
    [66, 'scan', 'TOOL_FAILED', true],
    [2, 'install', 'APPLY_FAILED', true],
    [127, 'rollback', 'APPLY_FAILED', true],
    [1, 'verify', 'VERIFY_FAILED', true],
    [1, 'offers', 'TOOL_UNFIT', false],
  ] as const)('code %d of %s is %s', (value, what, reason, retry) => {
    const message = `${what}: it broke (exit code ${String(value)})`;
    expect(verdictOf(code(value), what, 'it broke')).toMatchObject({
      kind: 'failed',
      failure: { reason, retry, message },
    });
  });

  test('is fine with 0, and no failure where the update is gone', () => {
    expect(verdictOf(code(0), 'install', 'a warning')).toEqual({ kind: 'done' });
    expect(verdictOf(code(66), 'download', '')).toEqual({ kind: 'gone' });
  });

  test('by a signal says which, and what SIGKILL mostly means', () => {
    expect(verdictOf({ code: null, signal: 'SIGSEGV' }, 'verify', '')).toMatchObject({
      failure: {
        reason: 'VERIFY_FAILED',
        message: 'verify: the tool said nothing on stderr (ended by SIGSEGV)',
      },
    });
    expect(verdictOf({ code: null, signal: 'SIGKILL' }, 'install', 'x')).toMatchObject({
      failure: {
        reason: 'APPLY_FAILED',
        message: 'install: x (ended by SIGKILL, as what takes more than limits.memory_mb is)',
      },
    });
  });
});
