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
      'somebody there who does not answer',
      { code: status.DEADLINE_EXCEEDED, details: 'Deadline exceeded after 10.002s' },
      'Lull has not answered in time, and may still do what it was asked to: "lull health" says whether something ails it, and its log more.',
    ],
    [
      'somebody there who has nothing to give',
      rpcError(status.UNAVAILABLE, 'UPSTREAM_DOWN', 'the registry is away'),
      'the registry is away (UPSTREAM_DOWN)',
    ],
    [
      'somebody who may not be called',
      {
        code: status.UNAVAILABLE,
        details: 'Last error: Error: connect EACCES /run/lull/operator.sock. Resolution note: ',
      },
      '/run/lull is not open to you: a Lull there is called by the user who started it, and by root. Ask as that user, or with sudo.',
    ],
    [
      'a directory of sockets that may not be looked into',
      {
        code: 'EACCES',
        path: '/run/lull',
        message: "EACCES: permission denied, scandir '/run/lull'",
      },
      '/run/lull is not open to you: a Lull there is called by the user who started it, and by root. Ask as that user, or with sudo.',
    ],
    [
      'a file of the caller that may not be read',
      { code: 'EACCES', path: '/root/x', message: "EACCES: permission denied, open '/root/x'" },
      "EACCES: permission denied, open '/root/x'",
    ],
    ['of the system', new Error("ENOENT: no such file 'x'"), "ENOENT: no such file 'x'"],
    ['without words', 'x', 'x'],
  ])('%s', (_what, error, line) => {
    expect(lineOf(error, () => ({ runDir: '/run/lull' }))).toBe(line);
  });
});

test("an ordinary user who forgot sudo is told where root's Lull is called", () => {
  const nobody = { code: status.UNAVAILABLE, details: 'connect ENOENT' };
  const line = lineOf(nobody, () => ({ runDir: '/run/user/1000/lull-1000' }), '/run/lull');
  expect(line).toMatch(
    /or name its directory with --run\. Root's is called with sudo, in \/run\/lull\.$/,
  );
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
