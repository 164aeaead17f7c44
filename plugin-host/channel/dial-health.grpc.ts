// Waiting for an updater to be ready: its health service says SERVING for the name "".

import { Metadata, type Client, type ServiceError } from '@grpc/grpc-js';
import { healthService, ServingStatus, type HealthResponse } from '../../proto/wire/health.js';
import { pause } from '../../runtime/deadline.js';

/** A call into a process that is still starting, or is frozen, is given up and made again. */
const ATTEMPT_MS_MAX = 1_000;
const POLL_STEP_MS = 10;

/** @returns false when `signal` was aborted before. */
export async function untilServing(client: Client, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (await isServing(client, signal)) return true;
    await pause(POLL_STEP_MS, signal);
  }
  return false;
}

function isServing(client: Client, signal: AbortSignal): Promise<boolean> {
  const { path, requestSerialize, responseDeserialize } = healthService.check;
  return new Promise((resolve) => {
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { service: '' },
      new Metadata({ waitForReady: true }),
      { deadline: Date.now() + ATTEMPT_MS_MAX },
      (error: ServiceError | null, response?: HealthResponse) => {
        signal.removeEventListener('abort', cancel);
        resolve(error === null && response?.status === ServingStatus.SERVING);
      },
    );
    function cancel(): void {
      call.cancel();
    }
    signal.addEventListener('abort', cancel, { once: true });
  });
}
