// The three services as three processes, on the sockets of one stage.

import type { RunningLull } from '../../harness/lull.spawn.js';
import type { Stage } from './stage.js';

export type Part = 'sensor-service' | 'orchestrator' | 'plugin-host';

export function startPart(
  stage: Stage,
  part: Part,
  more: readonly string[] = [],
): Promise<RunningLull> {
  return stage.start(['--only', part, ...more]);
}

/** Ends it as a crash would: it has no chance to say anything. */
export async function killPart(part: RunningLull): Promise<void> {
  process.kill(part.pid, 'SIGKILL');
  await part.exited;
}
