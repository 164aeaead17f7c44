// What a process costs, by /proc: CPU time, how often it woke, and memory. Whatever it has started and is
// still there counts as its own, and of what has ended meanwhile the CPU time.

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
  /** Of all threads that it ever had, and of its children that have ended; in ticks of the clock. */
  readonly everMs: number;
  readonly endedMs: number;
  /** Its own pages, and of those that it shares a part. */
  readonly pssMb: number;
  /** All pages that it uses, whoever uses them as well. */
  readonly rssMb: number;
}

export interface Spent {
  readonly cpuPercent: number;
  readonly wakeupsPerS: number;
  readonly pssMb: number;
  readonly rssMb: number;
}

const NS_PER_MS = 1e6;
/** USER_HZ, which is the same on every Linux that Node.js runs on. */
const TICK_MS = 10;

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
  const mb = (name: string): number =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1]) * 1_024) / 1e6;
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = timesOf(directory);
  return {
    threads,
    everMs: (user + system) * TICK_MS,
    endedMs: (endedUser + endedSystem) * TICK_MS,
    pssMb: mb('Pss'),
    rssMb: mb('Rss'),
  };
}

/** utime, stime, cutime and cstime. What stands before them is a name, which may have anything in it. */
function timesOf(directory: string): number[] {
  const stat = readFileSync(`${directory}/stat`, 'utf8');
  return stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number);
}

/** What the process and those below it cost, each by its id. */
function costsOf(pid: number): ReadonlyMap<number, Cost> {
  const own = costOf(pid);
  const lists = [...own.threads.keys()].map((thread) => unlessGone(() => childrenOf(pid, thread)));
  const children = lists.flatMap((each) => each ?? []);
  const theirs = children.flatMap((child) => [...(unlessGone(() => costsOf(child)) ?? [])]);
  return new Map([[pid, own], ...theirs]);
}

function childrenOf(pid: number, thread: string): number[] {
  const text = readFileSync(`/proc/${String(pid)}/task/${thread}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

/** What has ended while it was looked at counts with its parent. */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ESRCH'].includes(code)) return undefined;
    throw error;
  }
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
  const before = new Map(groups.flat().flatMap((pid) => [...costsOf(pid)]));
  await pause(ms);
  const passedMs = performance.now() - startMs;
  return groups.map((pids) => {
    const sums = { cpuMs: 0, wakeups: 0, pssMb: 0, rssMb: 0 };
    for (const [pid, after] of pids.flatMap((each) => [...costsOf(each)])) {
      const past = before.get(pid) ?? nothingYet;
      const byThreads = spentBetween(past, after, ({ cpuMs }) => cpuMs);
      // The sum by threads is finer, and lacks those that have ended.
      sums.cpuMs += Math.max(byThreads, after.everMs - past.everMs) + after.endedMs - past.endedMs;
      sums.wakeups += spentBetween(past, after, ({ wakeups }) => wakeups);
      sums.pssMb += after.pssMb;
      sums.rssMb += after.rssMb;
    }
    return {
      cpuPercent: (sums.cpuMs / passedMs) * 100,
      wakeupsPerS: (sums.wakeups / passedMs) * 1_000,
      pssMb: sums.pssMb,
      rssMb: sums.rssMb,
    };
  });
}

/** Of a process that was not there before. */
const nothingYet: Cost = { threads: new Map(), everMs: 0, endedMs: 0, pssMb: 0, rssMb: 0 };
