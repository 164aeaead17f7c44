// One call of the host, as a promise that ends with the run.

import type { ClientUnaryCall, ServiceError } from '@grpc/grpc-js';
import { failureFromHost } from './failure.js';
import { patiently } from './patience.js';

type Unary<T> = (done: (error: ServiceError | null, answer: T) => void) => ClientUnaryCall;

export function ask<T>(signal: AbortSignal, call: Unary<T>): Promise<T> {
  return patiently(signal, () => askOnce(signal, call));
}

function askOnce<T>(signal: AbortSignal, call: Unary<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const sent = call((error, answer) => {
      release();
      if (error === null) resolve(answer);
      else reject(failureFromHost(error));
    });
    const release = cancelOnAbort(sent, signal, reject);
  });
}

/** Cancels the call when the run is cut. Returns what lets go of the signal. */
export function cancelOnAbort(
  call: { cancel(): void },
  signal: AbortSignal,
  reject: (reason: unknown) => void,
): () => void {
  const onAbort = (): void => {
    reject(signal.reason);
    call.cancel();
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return () => {
    signal.removeEventListener('abort', onAbort);
  };
}
