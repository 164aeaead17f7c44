import { describe, expect, test } from '@jest/globals';
import { CatalogError } from '../catalog/catalog-error.js';
import { UpdaterError } from '../channel/dial-error.js';
import { HostError } from '../channel/host-failure.js';
import { SandboxError } from '../sandbox/sandbox-error.js';
import { failed } from './event.js';
import { outcomeOf, withLastWords } from './failure.js';

describe('what an error comes to', () => {
  test.each<[unknown, string, boolean]>([
    [new CatalogError('SIGNATURE_INVALID', 'why'), 'SIGNATURE_INVALID', false],
    [new CatalogError('MANIFEST_INVALID', 'why'), 'MANIFEST_INVALID', false],
    [new CatalogError('DIGEST_MISMATCH', 'why'), 'DIGEST_MISMATCH', true],
    [new SandboxError('RUNTIME_MISSING', 'why'), 'CONFINEMENT_WEAK', false],
    [new SandboxError('CANNOT_FREEZE', 'why'), 'CONFINEMENT_WEAK', false],
    [new SandboxError('LAUNCH_FAILED', 'why'), 'LAUNCH_FAILED', true],
    [new UpdaterError('UPDATER_CRASHED', 'why'), 'UPDATER_CRASHED', true],
    [new UpdaterError('CONTRACT_BROKEN', 'why'), 'CONTRACT_BROKEN', false],
    [new UpdaterError('GRANT_MISSING', 'why'), 'GRANT_MISSING', false],
    [new UpdaterError('VENDOR_REASON', 'why', 'ACME_IS_CLOSED'), 'vendor/ACME_IS_CLOSED', true],
    [new UpdaterError('VENDOR_REASON', 'why', 'TIME_LIMIT'), 'vendor/TIME_LIMIT', true],
    [new UpdaterError('FIELD_INVALID', 'why'), 'FIELD_INVALID', false],
    [new HostError('APPLY_FAILED', 'why'), 'LAUNCH_FAILED', true],
    [new Error('why'), 'LAUNCH_FAILED', true],
    ['why', 'LAUNCH_FAILED', true],
  ])('%s is %s', (error, reason, retry) => {
    expect(outcomeOf(error)).toEqual({ kind: 'failed', reason, message: 'why', retry });
  });
});

describe('what an updater wrote last', () => {
  const tail = 'Traceback:\n  File "main.py"\nImportError: no libfoo\u001b[31m\n\n';

  test.each(['UPDATER_CRASHED', 'NEVER_SERVED'] as const)('is told with %s', (reason) => {
    expect(withLastWords(failed(reason, 'it ended', true), tail)).toEqual(
      failed(reason, 'it ended; it wrote last: ImportError: no libfoo\ufffd[31m', true),
    );
  });

  test('is not, where it gave a reason or wrote nothing', () => {
    const given = failed('UPSTREAM_DOWN', 'm', true);
    expect(withLastWords(given, tail)).toBe(given);
    const silent = failed('UPDATER_CRASHED', 'm', true);
    expect(withLastWords(silent, ' \n')).toBe(silent);
    expect(withLastWords({ kind: 'succeeded' }, tail)).toEqual({ kind: 'succeeded' });
  });
});
