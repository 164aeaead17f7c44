// Answering a call with what a promise comes to.

import { status, type sendUnaryData } from '@grpc/grpc-js';
import { rpcError } from '../../runtime/grpc.js';

/** An expected failure on its way to the caller. */
export class RpcFailure extends Error {
  constructor(
    readonly grpcCode: status,
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

export function answer<T>(callback: sendUnaryData<T>, result: Promise<T>): void {
  result.then(
    (value) => {
      callback(null, value);
    },
    (error: unknown) => {
      callback(
        error instanceof RpcFailure
          ? rpcError(error.grpcCode, error.reason, error.message)
          : rpcError(status.INTERNAL, 'INTERNAL', (error as Error).message),
      );
    },
  );
}
