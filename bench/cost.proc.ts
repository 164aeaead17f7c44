// What a process costs, by /proc: CPU time, how often it woke, and its share of memory.

import { readdirSync, readFileSync } from 'node:fs';
import { pause } from '../runtime/deadline.js';

export interface Cost {
  readonly cpuMs: number;
  /** Times that a thread which had been waiting was run again. */
  readonly wakeups: number;
  readonly pssMb: number;
}

export interface Spent {
  readonly cpuPercent: number;
  readonly wakeupsPerS: number;
  readonly pssMb: number;
}

const NS_PER_MS = 1e6;

/** Sums over every thread. A thread that ends meanwhile takes its share with it. */
export function costOf(pid: number): Cost {
  const directory = `/proc/${String(pid)}`;
  let cpuNs = 0;
  let wakeups = 0;
  for (const thread of readdirSync(`${directory}/task`)) {
    const path = `${directory}/task/${thread}`;
    cpuNs += Number(readFileSync(`${path}/schedstat`, 'utf8').split(' ')[0]);
    const status = readFileSync(`${path}/status`, 'utf8');
    wakeups += Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
  }
  const rollup = readFileSync(`${directory}/smaps_rollup`, 'utf8');
  const pssKb = Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]);
  return { cpuMs: cpuNs / NS_PER_MS, wakeups, pssMb: (pssKb * 1_024) / 1e6 };
}

/** What each group of processes spends while `ms` pass, all in the same span. */
export async function spentIn(
  ms: number,
  groups: readonly (readonly number[])[],
): Promise<Spent[]> {
  const startMs = performance.now();
  const before = groups.map((pids) => pids.map(costOf));
  await pause(ms);
  const passedMs = performance.now() - startMs;
  return groups.map((pids, group) => {
    const after = pids.map(costOf);
    const sum = (of: (cost: Cost) => number, costs: readonly Cost[]): number =>
      costs.reduce((total, cost) => total + of(cost), 0);
    const spent = (of: (cost: Cost) => number): number =>
      sum(of, after) - sum(of, before[group] ?? []);
    return {
      cpuPercent: (spent(({ cpuMs }) => cpuMs) / passedMs) * 100,
      wakeupsPerS: (spent(({ wakeups }) => wakeups) / passedMs) * 1_000,
      pssMb: sum(({ pssMb }) => pssMb, after),
    };
  });
}
