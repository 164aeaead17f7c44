import { describe, expect, test } from '@jest/globals';
import { failureOfNpm } from './npm-error.js';

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
