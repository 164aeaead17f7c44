// P7, decide: what one event costs, from one machine to 100,000, 20 updates each. An event takes the
// machine that is due from a heap, changes its readings, decides, and puts it back.
//
//   decide   pop ─▶ readings ─▶ decide ─▶ push        A
//   bare     pop ─▶ JSON clone of the world ─▶ push   B    A B A B …

import { defaultPolicy } from '../../orchestrator/policy/policy.js';
import { decide } from '../../orchestrator/scheduler/decide.js';
import { scenePublisher } from '../../orchestrator/simulation/scene.js';
import type { Benchmark, Figures, Measured } from '../benchmark.js';
import { median, quantile, rounded, table } from '../report.js';
import { DueHeap } from './heap.js';
import { machinesOf, START_MS, UPDATES, viewAt, type Machine } from './hosts.js';

const COUNTS = [1, 10, 100, 1_000, 10_000, 100_000];
const COUNTS_QUICK = [1, 100, 100_000];
const EVENTS = 20_000;
const EVENTS_QUICK = 4_000;
/** The compiler has seen it all before anything counts. */
const WARM_UP = 3_000;
const policy = { ...defaultPolicy, publishers: [scenePublisher] };
/** A second and a bit between two events of one machine, so that due instants are spread. */
const APART_MS = 1_009;
const GOAL_GROWTH = 1.2;
const GOAL_P99_MS = 1;

interface Fleet {
  readonly machines: readonly Machine[];
  readonly heap: DueHeap;
}

export const deciding: Benchmark = {
  what: 'the cost of one decision, from one machine to 100,000',
  quickRepeats: 2,
  needsSandbox: false,
  run: ({ repeats, quick, say }): Promise<Measured> => {
    const counts = quick ? COUNTS_QUICK : COUNTS;
    const eventCount = quick ? EVENTS_QUICK : EVENTS;
    const sides = counts.map((hosts) => ({ hosts, fleet: fleetOf(hosts), ...noSamples() }));
    for (const { fleet } of sides) {
      measure(fleet, WARM_UP, decideAt);
      measure(fleet, WARM_UP / 10, cloneAt);
    }
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      for (const { fleet, decideUs, bareUs, p99Ms } of sides) {
        const decided = measure(fleet, eventCount, decideAt);
        decideUs.push(meanOf(decided) * 1_000);
        p99Ms.push(quantile(decided, 0.99));
        bareUs.push(meanOf(measure(fleet, eventCount / 10, cloneAt)) * 1_000);
      }
    }
    const samples = sides.map(({ fleet: _fleet, ...sample }) => sample);
    const rows = samples.map(({ hosts, decideUs, bareUs, p99Ms }) => [
      String(hosts),
      both(decideUs, 1, 'µs'),
      both(p99Ms, 3, 'ms'),
      both(bareUs, 1, 'µs'),
    ]);
    say(
      `median (worst) of the repeats\n${table([['machines', 'decide, mean', 'p99', 'bare heap pop + JSON clone, mean'], ...rows])}`,
    );
    const figures = figuresOf(samples.map((each) => ({ ...each, us: each.decideUs })));
    const bare = figuresOf(samples.map((each) => ({ ...each, us: each.bareUs })));
    say(
      `goals: growth ≤ ${String(GOAL_GROWTH)}: ${met(figures['growth_100_to_100k'], GOAL_GROWTH)}; p99 ≤ ${String(GOAL_P99_MS)} ms: ${met(figures['p99_ms'], GOAL_P99_MS)}; ${String(UPDATES)} updates a machine`,
    );
    return Promise.resolve({ repeats, figures, beside: { heap_and_json_clone: bare }, samples });
  },
};

function both(values: readonly number[], digits: number, unit: string): string {
  return `${median(values).toFixed(digits)} (${Math.max(...values).toFixed(digits)}) ${unit}`;
}

function noSamples(): { decideUs: number[]; bareUs: number[]; p99Ms: number[] } {
  return { decideUs: [], bareUs: [], p99Ms: [] };
}

function fleetOf(count: number): Fleet {
  const heap = new DueHeap();
  const machines = machinesOf(count);
  for (let index = 0; index < count; index += 1) {
    // Not in the order in which they lie in memory.
    heap.push({ index, atMs: START_MS + ((index * 7_919) % 100_003) });
  }
  return { machines, heap };
}

/** @returns what each event took, ms. */
function measure(
  { machines, heap }: Fleet,
  count: number,
  act: (machine: Machine, nowMs: number, index: number) => number,
): number[] {
  const tookMs: number[] = [];
  for (let event = 0; event < count; event += 1) {
    const startMs = performance.now();
    const due = heap.pop();
    const machine = due === undefined ? undefined : machines[due.index];
    if (due === undefined || machine === undefined) throw new Error('the heap is empty');
    const nextMs = act(machine, due.atMs, due.index);
    heap.push({ index: due.index, atMs: Math.max(nextMs, due.atMs + APART_MS) });
    tookMs.push(performance.now() - startMs);
  }
  return tookMs;
}

function decideAt(machine: Machine, nowMs: number, index: number): number {
  machine.view = viewAt(nowMs, index, nowMs % 2 === 0);
  const plan = decide(machine.world, machine.view, policy, nowMs);
  if (plan.admit.length + plan.waiting.length === 0) throw new Error('nothing was decided');
  return nowMs + APART_MS;
}

function cloneAt({ world }: Machine, nowMs: number): number {
  const plain = {
    updaters: [...world.updaters],
    updates: [...world.updates],
    runs: [...world.runs],
  };
  const clone = JSON.parse(JSON.stringify(plain)) as typeof plain;
  if (clone.updates.length !== world.updates.size) throw new Error('the clone is not whole');
  return nowMs + APART_MS;
}

function figuresOf(
  samples: readonly { hosts: number; us: readonly number[]; p99Ms: readonly number[] }[],
): Figures {
  const at = (hosts: number) => samples.find((each) => each.hosts === hosts) ?? samples.at(-1);
  const largest = samples.at(-1);
  const us = median(largest?.us ?? []);
  return {
    growth_100_to_100k: rounded(us / median(at(100)?.us ?? [])),
    p99_ms: rounded(Math.max(...samples.map(({ p99Ms }) => median(p99Ms)))),
    decisions_per_s: rounded(1_000_000 / us, 0),
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function met(value: number | undefined, goal: number): string {
  return value !== undefined && value <= goal ? 'met' : 'missed';
}
