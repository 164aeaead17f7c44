import { describe, expect, test } from '@jest/globals';
import { problemOf, type Ending } from './diagnosis.js';
import { failureOfNpm } from './npm-error.js';

const ended = (more: Partial<Ending>): Ending => ({
  exitCode: 1,
  signal: null,
  timedOut: false,
  stderr: '',
  ...more,
});
const notFound = `node:internal/modules/cjs/loader:1148
  throw err;
  ^

Error: Cannot find module 'x'
    at Module._resolveFilename {
  code: 'MODULE_NOT_FOUND',`;

describe('a program asked for its version', () => {
  const cases: [string, Ending, string | undefined][] = [
    ['says it', ended({ exitCode: 0 }), undefined],
    ['says it and complains', ended({ exitCode: 0, stderr: notFound }), undefined],
    ['does not know the option', ended({ stderr: 'unknown option --version' }), undefined],
    ['goes on and on', ended({ exitCode: null, signal: 'SIGKILL', timedOut: true }), undefined],
    ['was ended by a fault', ended({ exitCode: null, signal: 'SIGSEGV' }), 'ended by SIGSEGV'],
    ['has no interpreter', ended({ exitCode: 127 }), 'it, or its interpreter, was not found'],
    ['lacks a module', ended({ stderr: notFound }), "Error: Cannot find module 'x'"],
    [
      'lacks a module as an ES module',
      ended({ stderr: "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'x'" }),
      "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'x'",
    ],
    [
      'is not JavaScript that this Node.js reads',
      ended({ stderr: '/x.js:1\nlet let\n\nSyntaxError: let is disallowed' }),
      'SyntaxError: let is disallowed',
    ],
  ];
  test.each(cases)('%s', (_name, ending, expected) => {
    expect(problemOf(ending)).toBe(expected);
  });
});

describe('npm failed', () => {
  const cases: [string, string, string, boolean][] = [
    ['npm error code ECONNREFUSED\nnpm error connect', 'UPSTREAM_DOWN', 'connect', true],
    ['npm ERR! code E503\nnpm ERR! 503 Service Unavailable', 'UPSTREAM_DOWN', '503', true],
    ['npm error code ENOSPC', 'NO_SPACE', 'ENOSPC', true],
    ['npm error code EINTEGRITY', 'DIGEST_MISMATCH', 'EINTEGRITY', false],
    ['npm error code ETARGET\nnpm error notarget No match', 'NPM_FAILED', 'No match', false],
    ['', 'NPM_FAILED', 'exit code 1', false],
  ];
  test.each(cases)('with %j', (stderr, reason, words, retry) => {
    const failure = failureOfNpm('ci', 1, stderr);
    expect(failure).toMatchObject({ reason, retry });
    expect(failure.message).toContain(words);
  });
});
