// What an orchestrator has led and done, by its log.

import { readFileSync } from 'node:fs';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { FLEET_PARTITION, partitions } from '../../proto/subjects.js';

/** All there are: one for the fleet's own journal, and those of the machines. */
export const allPartitions: readonly string[] = [FLEET_PARTITION, ...partitions];

/** A line of the log; of those that are about a partition. */
export interface LoggedLine {
  /** Of pino. */
  readonly level: number;
  readonly msg: string;
  readonly time: string;
  readonly partition?: string;
  /** Of a journal that was read. */
  readonly after?: number;
  readonly upTo?: number;
  readonly why?: string;
  readonly err?: { readonly message?: string };
}

/** Everything that it has said with these words, in order; without any, everything. */
export function linesOf({ logFile }: Pick<RunningLull, 'logFile'>, words = ''): LoggedLine[] {
  const log = readFileSync(logFile, 'utf8');
  const whole = log.slice(0, log.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '' && line.includes(words))
    .map((line) => JSON.parse(line) as LoggedLine);
}

/** The partitions that it has taken the lead of, in order; one that it took twice is there twice. */
export function ledBy(by: RunningLull): string[] {
  return linesOf(by, 'leading a partition').map(({ partition = '' }) => partition);
}

/** Whether it has led every partition at some time. */
export function hasLedAll(by: RunningLull): boolean {
  return new Set(ledBy(by)).size === allPartitions.length;
}

/** The partitions that it took the lead of after the other one did, if that ever led them. */
export function ledLastBy(by: RunningLull, other: RunningLull): Set<string> {
  const taken = [by, other].map((each) => {
    const lines = linesOf(each, 'leading a partition');
    return new Map(lines.map(({ partition = '', time }) => [partition, time]));
  });
  const [mine = new Map<string, string>(), theirs = new Map<string, string>()] = taken;
  return new Set([...mine].flatMap(([each, at]) => (at > (theirs.get(each) ?? '') ? [each] : [])));
}
