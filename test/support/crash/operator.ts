// What an operator does while one part after another is killed.

import { join } from 'node:path';
import { callAbout } from '../../../harness/follow.grpc.js';
import { OperatorServiceClient } from '../../../proto/gen/lull/operator/v1/operator.js';
import { dialUnix, unary } from '../../../runtime/grpc.js';
import type { Stage } from '../stage.js';
import { until } from '../told.js';

const CALL_MS_MAX = 10_000;
const UNAVAILABLE = 14; // gRPC's.

type CallOptions = Parameters<typeof unary>[2];

export async function runNow(stage: Stage, subject: string): Promise<void> {
  await asked(stage, (operator, options) =>
    unary(operator.runNow.bind(operator), { subject }, options),
  );
}

/**
 * Resolves when the machine is led. Whoever is told that nobody leads it tries again in a moment: an
 * orchestrator of a fleet that has come up has yet to take its partitions.
 */
export async function answers(stage: Stage): Promise<void> {
  await until('an answer of the orchestrator', async () => {
    try {
      return await asked(stage, (operator, options) =>
        unary(operator.getStatus.bind(operator), {}, options),
      );
    } catch (error) {
      if ((error as { code?: unknown }).code === UNAVAILABLE) return undefined;
      throw error;
    }
  });
}

async function asked<T>(
  { runDir, host }: Stage,
  call: (operator: OperatorServiceClient, options: CallOptions) => Promise<T>,
): Promise<T> {
  const operator = dialUnix(OperatorServiceClient, join(runDir, 'operator.sock'));
  try {
    return await call(operator, { deadlineMs: CALL_MS_MAX, metadata: callAbout(host) });
  } finally {
    operator.close();
  }
}
