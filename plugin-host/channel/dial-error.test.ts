import { expect, test } from '@jest/globals';
import { isReasonCode } from '../../conditions/reason.js';
import { travelling } from './dial-error.js';

test.each(['UPSTREAM_DOWN', 'LOCK_HELD', 'VERIFY_FAILED', 'SIGNATURE_INVALID', 'METERED'])(
  '%s is a word of the contract, and means the same everywhere',
  (word) => {
    expect(travelling(word)).toBe(word);
  },
);

test.each(['TIME_LIMIT', 'UPDATER_SUSPENDED', 'PERSON_PRESENT', 'LEASE_LOST', 'ACME_IS_CLOSED'])(
  "%s is the vendor's own from a vendor, and is taken for nobody else's",
  (word) => {
    expect(travelling(word)).toBe(`vendor/${word}`);
    expect(isReasonCode(travelling(word))).toBe(false);
  },
);

test.each(['', 'no word', '__proto__', 'x'.repeat(64), 'vendor/TIME_LIMIT', 'LOW\nLINE'])(
  '%j is no word',
  (word) => {
    expect(travelling(word)).toBe('VENDOR_REASON');
  },
);
