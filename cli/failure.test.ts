import { describe, expect, test } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import { rpcError } from '../runtime/grpc.js';
import { CommandError, exitCodeOf, lineOf } from './failure.js';

describe('a failure in one line', () => {
  test.each<[string, unknown, string]>([
    ['of ours', new CommandError('do this instead', 2), 'do this instead'],
    [
      'of the API, with its reason',
      rpcError(status.NOT_FOUND, 'UNKNOWN_UPDATER', 'no updater x'),
      'no updater x (UNKNOWN_UPDATER)',
    ],
    [
      'nobody there',
      { code: status.UNAVAILABLE, details: 'No connection established' },
      'no Lull answers in /run/lull. Start it with "lull up", or name its directory with --run.',
    ],
    [
      'somebody there who has nothing to give',
      rpcError(status.UNAVAILABLE, 'UPSTREAM_DOWN', 'the registry is away'),
      'the registry is away (UPSTREAM_DOWN)',
    ],
    ['of the system', new Error("ENOENT: no such file 'x'"), "ENOENT: no such file 'x'"],
    ['without words', 'x', 'x'],
  ])('%s', (_what, error, line) => {
    expect(lineOf(error, () => ({ runDir: '/run/lull' }))).toBe(line);
  });
});

test('a value that makes no sense ends with 2, whether it was found here or by the API', () => {
  const tooLong = rpcError(
    status.INVALID_ARGUMENT,
    'FIELD_INVALID',
    'a hold lasts at most 95 d, says orders.hold of the policy',
  );
  const unknown = rpcError(status.NOT_FOUND, 'UNKNOWN_SUBJECT', 'nothing is called x');
  const failures = [new CommandError('not a time', 2), tooLong, unknown, new Error('broken')];
  expect(failures.map(exitCodeOf)).toEqual([2, 2, 1, 1]);
});
