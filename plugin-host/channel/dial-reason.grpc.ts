// What a failed gRPC call means: the updater's own reason where it gave one, else what its status
// code says.

import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import type { ReasonCode } from '../../conditions/reason.js';
import {
  readStatusDetails,
  STATUS_DETAILS_KEY,
  type StatusDetails,
} from '../../proto/wire/status-details.js';
import { reasonOf } from '../../runtime/reason.js';
import { reasonFromUpdater, RETRY_AFTER_MS_MAX, UpdaterError } from './dial-error.js';

const RETRY_AFTER_KEY = 'lull-retry-after-ms';
const MESSAGE_CHARS_MAX = 1_024;

/** @param crashed whether the updater's process has ended. */
export function updaterError(error: unknown, crashed: boolean): UpdaterError {
  if (error instanceof UpdaterError) return error;
  if (!isServiceError(error)) {
    const message = error instanceof Error ? error.message : String(error);
    return new UpdaterError('CONTRACT_BROKEN', message, undefined, { cause: error });
  }
  const message = error.details.slice(0, MESSAGE_CHARS_MAX);
  const options = { cause: error, ...retryAfter(error) };
  const given = reasonGiven(error);
  if (given !== undefined) {
    return new UpdaterError(given.reason, message, given.vendorReason, options);
  }
  const reason = crashed ? 'UPDATER_CRASHED' : reasonOfCode(error.code);
  // The code is for people here: it is no word of the updater's.
  return new UpdaterError(reason, `${status[error.code]}: ${message}`, undefined, options);
}

/** The reason that the updater itself gave with an error. */
export function reasonGiven(error: unknown): ReturnType<typeof reasonFromUpdater> {
  if (!isServiceError(error)) return undefined;
  const word = detailsOf(error).reason ?? reasonOf(error);
  return word === undefined ? undefined : reasonFromUpdater(word);
}

function isServiceError(error: unknown): error is ServiceError {
  return (
    error instanceof Error &&
    typeof (error as Partial<ServiceError>).code === 'number' &&
    (error as Partial<ServiceError>).metadata instanceof Metadata
  );
}

function reasonOfCode(code: status): ReasonCode {
  switch (code) {
    case status.UNAVAILABLE:
      return 'UPSTREAM_DOWN';
    case status.PERMISSION_DENIED:
      return 'GRANT_MISSING';
    // An answer that does not parse, is too long, or a REQUIRED call that is not there.
    case status.RESOURCE_EXHAUSTED:
    case status.UNIMPLEMENTED:
    case status.INTERNAL:
    case status.OK:
      return 'CONTRACT_BROKEN';
    // What libraries answer with where the updater's own code threw something; a deadline is one of its own
    // calls', since no call that is classified here has one.
    case status.CANCELLED:
    case status.DEADLINE_EXCEEDED:
    case status.UNKNOWN:
    case status.INVALID_ARGUMENT:
    case status.NOT_FOUND:
    case status.ALREADY_EXISTS:
    case status.FAILED_PRECONDITION:
    case status.ABORTED:
    case status.OUT_OF_RANGE:
    case status.DATA_LOSS:
    case status.UNAUTHENTICATED:
      return 'UPDATER_ERROR';
  }
}

function detailsOf({ metadata }: ServiceError): StatusDetails {
  const bytes = metadata.get(STATUS_DETAILS_KEY)[0];
  return bytes instanceof Uint8Array ? readStatusDetails(bytes) : {};
}

/** For how long the upstream asked to be left alone, as far as that is honoured. */
function retryAfter(error: ServiceError): { readonly retryAfterMs?: number } {
  const said = error.metadata.get(RETRY_AFTER_KEY)[0];
  const ms =
    typeof said === 'string' && /^\d{1,15}$/.test(said)
      ? Number(said)
      : detailsOf(error).retryDelayMs;
  return ms === undefined ? {} : { retryAfterMs: Math.min(ms, RETRY_AFTER_MS_MAX) };
}
