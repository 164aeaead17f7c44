// Answering a call with what a promise comes to.

import { status, type sendUnaryData } from '@grpc/grpc-js';
import { isReasonCode, type ReasonCode } from '../../conditions/reason.js';
import { setFault } from '../../runtime/faults.grpc.js';
import { rpcError } from '../../runtime/grpc.js';

/** An expected failure on its way to the caller. */
export class RpcFailure extends Error {
  readonly fault: string | undefined;

  constructor(
    readonly grpcCode: status,
    readonly reason: ReasonCode,
    message: string,
    options: {
      readonly cause?: unknown;
      /** Under which name another orchestrator's log has it. */
      readonly fault?: string | undefined;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.fault = options.fault;
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

/** @param work what nobody expected in it is in the log of the server (faults.grpc.ts). */
export function answer<T>(callback: sendUnaryData<T>, work: () => T | Promise<T>): void {
  new Promise<T>((resolve) => {
    resolve(work());
  }).then(
    (value) => {
      callback(null, value);
    },
    (error: unknown) => {
      callback(statusOf(error));
    },
  );
}

/** What a call is answered with that ended in `error`. */
export function statusOf(error: unknown): ReturnType<typeof rpcError> {
  const { grpcCode, reason, message, cause, fault } = failureOf(error);
  const answered = rpcError(grpcCode, reason, message, cause);
  if (fault !== undefined) setFault(answered.metadata, fault);
  return answered;
}

/** What a caller is told of `error`. */
export function failureOf(error: unknown): RpcFailure {
  if (error instanceof RpcFailure) return error;
  const { code, message } = error as Error & { code?: unknown };
  const reason = typeof code === 'string' && isReasonCode(code) ? code : 'INTERNAL';
  const grpcCode = statuses[reason];
  return grpcCode === undefined
    ? new RpcFailure(status.INTERNAL, 'INTERNAL', message, { cause: error })
    : new RpcFailure(grpcCode, reason, message);
}
