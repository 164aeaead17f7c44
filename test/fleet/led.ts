// Which partitions an orchestrator has led, by its log.

import { readFileSync } from 'node:fs';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { FLEET_PARTITION, partitions } from '../../proto/subjects.js';

/** All there are: one for the fleet's own journal, and those of the machines. */
export const allPartitions: readonly string[] = [FLEET_PARTITION, ...partitions];

/** The partitions that it has taken the lead of, in order; one that it took twice is there twice. */
export function ledBy({ logFile }: RunningLull): string[] {
  const log = readFileSync(logFile, 'utf8');
  const whole = log.slice(0, log.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line.includes('leading a partition'))
    .map((line) => (JSON.parse(line) as { partition: string }).partition);
}

/** Whether it has led every partition at some time. */
export function hasLedAll(by: RunningLull): boolean {
  return new Set(ledBy(by)).size === allPartitions.length;
}
