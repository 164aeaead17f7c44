// What a failed gRPC call means: the updater's own reason where it gave one, else what its status
// code says.

import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import type { ReasonCode } from '../../conditions/reason.js';
import { reasonOf } from '../../runtime/reason.js';
import { reasonFromUpdater, UpdaterError } from './dial-error.js';

const DETAILS_KEY = 'grpc-status-details-bin';
const ERROR_INFO = 'type.googleapis.com/google.rpc.ErrorInfo';
const MESSAGE_CHARS_MAX = 1_024;

/** @param crashed whether the updater's process has ended. */
export function updaterError(error: unknown, crashed: boolean): UpdaterError {
  if (error instanceof UpdaterError) return error;
  if (!isServiceError(error)) {
    const message = error instanceof Error ? error.message : String(error);
    return new UpdaterError('CONTRACT_BROKEN', message, undefined, { cause: error });
  }
  const message = error.details.slice(0, MESSAGE_CHARS_MAX);
  const given = reasonGiven(error);
  if (given !== undefined) {
    return new UpdaterError(given.reason, message, given.vendorReason, { cause: error });
  }
  const reason = crashed ? 'UPDATER_CRASHED' : reasonOfCode(error.code);
  // The code is for people here: it is no word of the updater's.
  return new UpdaterError(reason, `${status[error.code]}: ${message}`, undefined, { cause: error });
}

/** The reason that the updater itself gave with an error. */
export function reasonGiven(error: unknown): ReturnType<typeof reasonFromUpdater> {
  if (!isServiceError(error)) return undefined;
  const word = errorInfoReason(error.metadata) ?? reasonOf(error);
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
    case status.DEADLINE_EXCEEDED:
      return 'NEVER_SERVED';
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
    // What libraries answer with where the updater's own code threw something.
    case status.CANCELLED:
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

/** `reason` of the first google.rpc.ErrorInfo in a google.rpc.Status. */
function errorInfoReason(metadata: Metadata): string | undefined {
  const bytes = metadata.get(DETAILS_KEY)[0];
  if (!(bytes instanceof Uint8Array)) return undefined;
  try {
    for (const detail of fieldsOf(bytes, 3)) {
      const type = new TextDecoder().decode(fieldsOf(detail, 1)[0]);
      const value = fieldsOf(detail, 2)[0];
      if (type !== ERROR_INFO || value === undefined) continue;
      const reason = fieldsOf(value, 1)[0];
      if (reason !== undefined) return new TextDecoder().decode(reason);
    }
  } catch {
    // Details that are not protobuf are as good as none.
  }
  return undefined;
}

/** Every length-delimited value with this field number. */
function fieldsOf(message: Uint8Array, wanted: number): Uint8Array[] {
  const reader = new BinaryReader(message);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === wanted && wireType === WireType.LengthDelimited) found.push(reader.bytes());
    else reader.skip(wireType, field);
  }
  return found;
}
