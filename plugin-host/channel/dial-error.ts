// Why a call to an updater failed, in words of the closed table.

import type { ReasonCode } from '../../conditions/reason.js';

/** Reasons that an updater may give for itself (table of lull.updater.v1). No other is believed. */
const fromUpdater: readonly ReasonCode[] = [
  'UPSTREAM_DOWN',
  'GRANT_MISSING',
  'DIGEST_MISMATCH',
  'SIGNATURE_INVALID',
  'NO_SPACE',
  'APPLY_FAILED',
];

const vendorPattern = /^[A-Z][A-Z0-9_]{0,62}$/;

export class UpdaterError extends Error {
  constructor(
    readonly reason: ReasonCode,
    /** Foreign text: escape it before it is shown (T17). */
    message: string,
    /** The word that the updater used, where it is none that is acted on here, e.g. LOCK_HELD. */
    readonly vendorReason?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'UpdaterError';
  }
}

/** What an updater's own word comes to; undefined for one that is not a word. */
export function reasonFromUpdater(
  word: string,
): { readonly reason: ReasonCode; readonly vendorReason?: string } | undefined {
  const known = fromUpdater.find((code) => code === word);
  if (known !== undefined) return { reason: known };
  return vendorPattern.test(word) ? { reason: 'VENDOR_REASON', vendorReason: word } : undefined;
}
