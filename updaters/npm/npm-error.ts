// What npm's words mean in the contract's.

import { fail, type UpdaterFailure } from '../../sdk/failure.js';

const LINES_MAX = 6;

/** npm's error codes, where they are the contract's reasons. */
const reasons = new Map<string, string>([
  ...[
    'ECONNREFUSED',
    'ECONNRESET',
    'ETIMEDOUT',
    'ENOTFOUND',
    'EAI_AGAIN',
    'ENETUNREACH',
    'EHOSTUNREACH',
    'ERR_SOCKET_TIMEOUT',
    'EIDLETIMEOUT',
    'E500',
    'E502',
    'E503',
    'E504',
  ].map((code): [string, string] => [code, 'UPSTREAM_DOWN']),
  ['E429', 'RATE_LIMITED'],
  ['ENOSPC', 'NO_SPACE'],
  ['EINTEGRITY', 'DIGEST_MISMATCH'],
]);

/** npm ended badly: as a failure, with the lines that say why. */
export function failureOfNpm(
  command: string,
  exitCode: number | null,
  stderr: string,
): UpdaterFailure {
  const lines = stderr
    .split('\n')
    .map((line) => line.replace(/^npm (?:error|ERR!) ?/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('npm '));
  const code = lines.find((line) => /^code [A-Z0-9_]+$/.test(line))?.slice(5);
  const words = lines.slice(0, LINES_MAX).join('; ');
  const message = `npm ${command} failed: ${words === '' ? `exit code ${String(exitCode)}` : words}`;
  return fail(reasons.get(code ?? '') ?? 'NPM_FAILED', message);
}
