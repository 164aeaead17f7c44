// Answering a call with what a promise comes to.

import { status, type sendUnaryData } from '@grpc/grpc-js';
import { isReasonCode, type ReasonCode } from '../../conditions/reason.js';
import { rpcError } from '../../runtime/grpc.js';
import type { Log } from '../../runtime/log.js';

/** An expected failure on its way to the caller. */
export class RpcFailure extends Error {
  constructor(
    readonly grpcCode: status,
    readonly reason: ReasonCode,
    message: string,
  ) {
    super(message);
  }
}

/** What fails below the calls, and may be met by any of them: errors with a `code` of these. */
const statuses: Partial<Record<ReasonCode, status>> = {
  JOURNAL_BUSY: status.RESOURCE_EXHAUSTED,
  FLEET_BUSY: status.UNAVAILABLE,
  JOURNAL_LOST: status.UNAVAILABLE,
  JOURNAL_NEWER: status.FAILED_PRECONDITION,
  FACT_TOO_LARGE: status.INVALID_ARGUMENT,
};

/** @param log is told of what nobody expected. */
export function answer<T>(callback: sendUnaryData<T>, result: Promise<T>, log?: Log): void {
  result.then(
    (value) => {
      callback(null, value);
    },
    (error: unknown) => {
      const { grpcCode, reason, message } = failureOf(error);
      if (reason === 'INTERNAL') log?.error({ err: error }, 'a call failed');
      callback(rpcError(grpcCode, reason, message));
    },
  );
}

/** What a caller is told of `error`. */
export function failureOf(error: unknown): RpcFailure {
  if (error instanceof RpcFailure) return error;
  const { code, message } = error as Error & { code?: unknown };
  const reason = typeof code === 'string' && isReasonCode(code) ? code : 'INTERNAL';
  const grpcCode = statuses[reason];
  return grpcCode === undefined
    ? new RpcFailure(status.INTERNAL, 'INTERNAL', message)
    : new RpcFailure(grpcCode, reason, message);
}
