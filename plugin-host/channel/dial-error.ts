// Why a call to an updater failed, in words of the closed table.

import type { ReasonCode } from '../../conditions/reason.js';

/** Reasons that an updater may give for itself (table of lull.updater.v1). No other is believed. */
const fromUpdater: readonly ReasonCode[] = [
  ...(['FIELD_INVALID', 'CAPABILITY_ABSENT', 'RUN_PENDING', 'LOCK_HELD'] as const),
  ...(['UPSTREAM_DOWN', 'RATE_LIMITED', 'GRANT_MISSING', 'NO_SPACE', 'METERED'] as const),
  ...(['DIGEST_MISMATCH', 'SIGNATURE_INVALID', 'APPLY_FAILED', 'VERIFY_FAILED'] as const),
  // What a run is ended with from outside, and what a library says where nobody said anything.
  ...(['CANCELLED', 'SHUTTING_DOWN', 'UPDATER_ERROR', 'HOST_ERROR', 'NO_PREVIOUS'] as const),
  'ALREADY_COMMITTED',
];

const vendorPattern = /^[A-Z][A-Z0-9_]{0,62}$/;

/** As the contract says: so much is honoured, however much is asked for. */
export const RETRY_AFTER_MS_MAX = 86_400_000;

export class UpdaterError extends Error {
  /** For how long the upstream asked to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(
    readonly reason: ReasonCode,
    /** Foreign text: escape it before it is shown (T17). */
    message: string,
    /** The word that the updater used, where it is none that is acted on here, e.g. LOCK_HELD. */
    readonly vendorReason?: string,
    options?: ErrorOptions & { readonly retryAfterMs?: number },
  ) {
    super(message, options);
    this.name = 'UpdaterError';
    this.retryAfterMs = options?.retryAfterMs;
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

/** Words of a vendor's own travel under this: they must not be taken for ours (TIME_LIMIT, say). */
const VENDOR_PREFIX = 'vendor/';

/** How a reason that an updater gave travels to the orchestrator. */
export function travelling(word: string): string {
  const given = reasonFromUpdater(word);
  if (given === undefined) return 'VENDOR_REASON';
  return given.vendorReason === undefined ? given.reason : VENDOR_PREFIX + given.vendorReason;
}
