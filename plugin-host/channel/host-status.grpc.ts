// Where failures of the host become statuses; nothing else classifies.

import { status, type ServiceError } from '@grpc/grpc-js';
import { rpcError } from '../../runtime/grpc.js';
import type { Log } from '../../runtime/log.js';
import { HostError, type HostReason } from './host-failure.js';

const CODES: Readonly<Record<HostReason, status>> = {
  TOKEN_INVALID: status.UNAUTHENTICATED,
  GRANT_MISSING: status.PERMISSION_DENIED,
  FIELD_INVALID: status.INVALID_ARGUMENT,
  UPSTREAM_DOWN: status.UNAVAILABLE,
  RATE_LIMITED: status.RESOURCE_EXHAUSTED,
  METERED: status.RESOURCE_EXHAUSTED,
  DIGEST_MISMATCH: status.DATA_LOSS,
  NO_SPACE: status.RESOURCE_EXHAUSTED,
  APPLY_FAILED: status.INTERNAL,
  ALREADY_COMMITTED: status.ALREADY_EXISTS,
  NO_PREVIOUS: status.FAILED_PRECONDITION,
  RUN_OVER: status.CANCELLED,
};

/** What a call is answered with. What is not a HostError is a bug: logged, and not shown. */
export function statusOf(error: unknown, log: Log): Partial<ServiceError> {
  if (error instanceof HostError) {
    const answered = rpcError(CODES[error.code], error.code, error.message);
    if (error.retryAfterMs !== undefined) {
      answered.metadata.set('lull-retry-after-ms', String(Math.round(error.retryAfterMs)));
    }
    return answered;
  }
  log.error({ err: error }, 'a call of an updater failed');
  return rpcError(status.INTERNAL, 'APPLY_FAILED', 'the host failed; its log says how');
}
