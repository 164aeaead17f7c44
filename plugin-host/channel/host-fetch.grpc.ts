// One download on its way to an updater: progress, and the artifact at the end.

import type { ServerWritableStream } from '@grpc/grpc-js';
import type { FetchRequest, FetchResponse } from '../../proto/gen/lull/host/v1/host.js';
import type { Clock } from '../../runtime/clock.js';
import type { Artifacts } from '../artifacts/artifacts.http.js';
import { inside } from '../sandbox/sandbox.js';
import { orderOf } from './host-wire.grpc.js';
import type { HostedRun } from './hosted-run.js';

/** Progress is for people: ten a second is more than they can read. */
const PROGRESS_MS_MIN = 100;

/** Waits, and goes on, only while nothing holds the run. @throws HostError */
export async function serveFetch(
  call: ServerWritableStream<FetchRequest, FetchResponse>,
  run: HostedRun,
  { artifacts, clock }: { readonly artifacts: Artifacts; readonly clock: Clock },
): Promise<void> {
  const order = orderOf(call.request);
  const gone = new AbortController();
  call.on('cancelled', () => {
    gone.abort();
  });
  let toldAtMs = -PROGRESS_MS_MIN;
  await run.released();
  const parked = { ...run, thawed: () => run.released() };
  const { sha256, sizeBytes } = await artifacts.fetch(order, parked, {
    signal: gone.signal,
    onProgress: (receivedBytes, totalBytes) => {
      const nowMs = clock.now().monotonicMs;
      if (nowMs - toldAtMs < PROGRESS_MS_MIN) return;
      toldAtMs = nowMs;
      const value = {
        receivedBytes: BigInt(receivedBytes),
        totalBytes: totalBytes === undefined ? undefined : BigInt(totalBytes),
      };
      call.write({ kind: { $case: 'progress', value } });
    },
  });
  const path = `${inside.artifacts}/${sha256}`;
  const value = { sha256, sizeBytes: BigInt(sizeBytes), path };
  call.write({ kind: { $case: 'artifact', value } });
}
