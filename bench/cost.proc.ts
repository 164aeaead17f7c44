// What a process costs, by /proc: CPU time, how often it woke, and its share of memory.

import { readdirSync, readFileSync } from 'node:fs';
import { pause } from '../runtime/deadline.js';

interface Thread {
  readonly cpuMs: number;
  /** Times that it had been waiting and was run again. */
  readonly wakeups: number;
}

interface Cost {
  /** By its id: what a thread spent goes with it when it ends. */
  readonly threads: ReadonlyMap<string, Thread>;
  readonly pssMb: number;
}

export interface Spent {
  readonly cpuPercent: number;
  readonly wakeupsPerS: number;
  readonly pssMb: number;
}

const NS_PER_MS = 1e6;

function costOf(pid: number): Cost {
  const directory = `/proc/${String(pid)}`;
  const threads = new Map<string, Thread>();
  for (const thread of readdirSync(`${directory}/task`)) {
    const path = `${directory}/task/${thread}`;
    const cpuNs = Number(readFileSync(`${path}/schedstat`, 'utf8').split(' ')[0]);
    const status = readFileSync(`${path}/status`, 'utf8');
    const wakeups = Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
    threads.set(thread, { cpuMs: cpuNs / NS_PER_MS, wakeups });
  }
  const rollup = readFileSync(`${directory}/smaps_rollup`, 'utf8');
  const pssKb = Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]);
  return { threads, pssMb: (pssKb * 1_024) / 1e6 };
}

/** What the threads that are there at the end have spent since the beginning. */
function spentBetween(before: Cost, after: Cost, of: (thread: Thread) => number): number {
  let spent = 0;
  for (const [id, thread] of after.threads) {
    const past = before.threads.get(id);
    spent += of(thread) - (past === undefined ? 0 : of(past));
  }
  return spent;
}

/** What a process spends of the processors while `body` goes on, in ms. */
export async function cpuMsIn(pid: number, body: () => Promise<void>): Promise<number> {
  const before = costOf(pid);
  await body();
  return spentBetween(before, costOf(pid), ({ cpuMs }) => cpuMs);
}

/** What each group of processes spends while `ms` pass, all in the same span. */
export async function spentIn(
  ms: number,
  groups: readonly (readonly number[])[],
): Promise<Spent[]> {
  const startMs = performance.now();
  const before = new Map(groups.flat().map((pid) => [pid, costOf(pid)]));
  await pause(ms);
  const passedMs = performance.now() - startMs;
  return groups.map((pids) => {
    const sums = { cpuMs: 0, wakeups: 0, pssMb: 0 };
    for (const pid of pids) {
      const after = costOf(pid);
      const past = before.get(pid) ?? after;
      sums.cpuMs += spentBetween(past, after, ({ cpuMs }) => cpuMs);
      sums.wakeups += spentBetween(past, after, ({ wakeups }) => wakeups);
      sums.pssMb += after.pssMb;
    }
    return {
      cpuPercent: (sums.cpuMs / passedMs) * 100,
      wakeupsPerS: (sums.wakeups / passedMs) * 1_000,
      pssMb: sums.pssMb,
    };
  });
}
