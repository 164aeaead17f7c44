import { describe, expect, test } from '@jest/globals';
import { CatalogError } from '../catalog/catalog-error.js';
import { UpdaterError } from '../channel/dial-error.js';
import { HostError } from '../channel/host-failure.js';
import { SandboxError } from '../sandbox/sandbox-error.js';
import { outcomeOf } from './failure.js';

describe('what an error comes to', () => {
  test.each<[unknown, string, boolean]>([
    [new CatalogError('SIGNATURE_INVALID', 'why'), 'SIGNATURE_INVALID', false],
    [new CatalogError('MANIFEST_INVALID', 'why'), 'MANIFEST_INVALID', false],
    [new CatalogError('DIGEST_MISMATCH', 'why'), 'DIGEST_MISMATCH', true],
    [new SandboxError('RUNTIME_MISSING', 'why'), 'CONFINEMENT_WEAK', false],
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
