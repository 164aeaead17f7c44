// Failures that the contract knows, as one error class, and how any error becomes one.

import { Metadata, status, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { clip, REASON_BYTES_MAX, STATUS_BYTES_MAX } from './limits.js';
import type { ActionName } from './action.js';

/** The metadata key under which the reason of an error travels; see the contract's error table. */
const REASON_KEY = 'lull-reason';
const RETRY_AFTER_KEY = 'lull-retry-after-ms';
/** The contract's: no host honours more. */
const RETRY_AFTER_MS_MAX = 86_400_000;

/** The contract's table: gRPC code, and whether trying again later can help. */
const table = new Map<string, { readonly code: status; readonly retry: boolean }>([
  ['FIELD_INVALID', { code: status.INVALID_ARGUMENT, retry: false }],
  ['CAPABILITY_ABSENT', { code: status.UNIMPLEMENTED, retry: false }],
  ['RUN_PENDING', { code: status.ABORTED, retry: true }],
  ['LOCK_HELD', { code: status.UNAVAILABLE, retry: true }],
  ['UPSTREAM_DOWN', { code: status.UNAVAILABLE, retry: true }],
  ['RATE_LIMITED', { code: status.RESOURCE_EXHAUSTED, retry: true }],
  ['GRANT_MISSING', { code: status.PERMISSION_DENIED, retry: false }],
  ['DIGEST_MISMATCH', { code: status.DATA_LOSS, retry: false }],
  ['SIGNATURE_INVALID', { code: status.DATA_LOSS, retry: false }],
  ['METERED', { code: status.RESOURCE_EXHAUSTED, retry: true }],
  ['NO_SPACE', { code: status.RESOURCE_EXHAUSTED, retry: true }],
  ['ALREADY_COMMITTED', { code: status.ALREADY_EXISTS, retry: false }],
  ['APPLY_FAILED', { code: status.INTERNAL, retry: true }],
]);

export class UpdaterFailure extends Error {
  constructor(
    /** A reason of the contract's table, or the vendor's own in UPPER_SNAKE_CASE. */
    readonly reason: string,
    message: string,
    /** Whether trying again later can help. */
    readonly retry: boolean,
    cause?: unknown,
    /** For how long the upstream asked to be left alone, where it did. */
    readonly retryAfterMs?: number,
  ) {
    super(message, { cause });
    this.name = 'UpdaterFailure';
  }
}

/**
 * An expected failure, to be thrown.
 * @param message what happened, why, and what to do.
 * @param options.retry by default what the contract says of this reason.
 * @param options.retryAfterMs not before so long has passed; honoured up to 24 h.
 */
export function fail(
  reason: string,
  message: string,
  options: { retry?: boolean; retryAfterMs?: number | undefined; cause?: unknown } = {},
): UpdaterFailure {
  const retry = options.retry ?? table.get(reason)?.retry ?? false;
  return new UpdaterFailure(reason, message, retry, options.cause, wholeMs(options.retryAfterMs));
}

/** A `Retry-After` that was read wrongly is no reason to lose the failure that it came with. */
function wholeMs(ms: number | undefined): number | undefined {
  if (ms === undefined || !(ms >= 0)) return undefined;
  return Math.round(Math.min(ms, RETRY_AFTER_MS_MAX));
}

/** Any error as a failure of `action`; undefined stands for a scan. */
export function failureOf(error: unknown, action: ActionName | undefined): UpdaterFailure {
  if (error instanceof UpdaterFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  const reason = full ? 'NO_SPACE' : unexpectedReason(action);
  // Nobody foresaw it, so nobody knows that it will be so again.
  return fail(reason, message, { retry: true, cause: error });
}

/** APPLY_FAILED makes the host revert, so it is said only where something may have changed. */
function unexpectedReason(action: ActionName | undefined): string {
  switch (action) {
    case 'install':
    case 'rollback':
    case 'uninstall':
      return 'APPLY_FAILED';
    case 'verify':
      return 'VERIFY_FAILED';
    case 'download':
    case 'restart_app':
    case 'reboot':
    case undefined:
      return 'UPDATER_ERROR';
  }
}

/** What the host answered, as a failure that an updater may let through. */
export function failureFromHost(error: ServiceError): UpdaterFailure {
  const value = error.metadata.get(REASON_KEY)[0];
  const given = typeof value === 'string' ? value : undefined;
  const after = error.metadata.get(RETRY_AFTER_KEY)[0];
  const retryAfterMs =
    typeof after === 'string' && /^\d{1,9}$/.test(after) ? Number(after) : undefined;
  const options = { cause: error, retryAfterMs };
  if (given !== undefined) return fail(given, error.details, options);
  return fail('HOST_ERROR', error.details, { ...options, retry: true });
}

/** The failure as a gRPC status with `lull-reason`, and `lull-retry-after-ms` where there is something to wait. */
export function statusOf(failure: UpdaterFailure): Partial<StatusObject> {
  const metadata = new Metadata();
  metadata.set(REASON_KEY, clip(failure.reason, REASON_BYTES_MAX));
  const { retryAfterMs } = failure;
  if (retryAfterMs !== undefined) metadata.set(RETRY_AFTER_KEY, String(retryAfterMs));
  const code = table.get(failure.reason)?.code ?? status.INTERNAL;
  return { code, details: clip(failure.message, STATUS_BYTES_MAX), metadata };
}
