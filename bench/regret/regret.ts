// P3, regret: one cost for what an update disturbed, how long it waited and whether it was missed,
// over the cost of a policy that knows the future.

import { compare, type Compared } from '../../orchestrator/simulation/comparison.js';
import { weights } from '../../orchestrator/simulation/score.js';
import type { BenchOptions, Benchmark, Figures, Measured } from '../benchmark.js';
import { errandsFor, LULL, lulls, sayGranted, STEP_MS, tracesFor } from '../errands.js';
import { rounded, table } from '../report.js';

const GOALS = { regret_mean: 1.05, regret_worst_tenth: 1.5, time_to_update_p50_ratio: 1.02 };

export const regret: Benchmark = {
  what: "the cost of waiting and disturbing over the clairvoyant's, replaying recordings",
  quickRepeats: 1,
  needsSandbox: false,
  replays: true,
  run: (options: BenchOptions): Promise<Measured> => {
    const { say } = options;
    const traces = tracesFor(options);
    const { perNotAllowedMinute, perHourWaited, perMiss } = weights;
    say(
      `cost: ${String(perNotAllowedMinute)} per minute not allowed + ${String(perHourWaited)} per hour waited + ${String(perMiss)} per deadline missed`,
    );
    const pausable = compare(lulls(), errandsFor(traces, 0));
    const steps = compare(lulls(), errandsFor(traces, STEP_MS));
    show(say, pausable, 'what can be frozen at any instant');
    show(say, steps, 'steps of 60 s that cannot be frozen (no goal)');
    const figures = figuresOf(LULL, pausable);
    const goals = Object.entries(GOALS).map(
      ([name, goal]) =>
        `${name} ≤ ${String(goal)}: ${(figures[name] ?? Infinity) <= goal ? 'met' : 'missed'}`,
    );
    say(`\ngoals: ${goals.join('; ')}`);
    const names = pausable.map(({ name }) => name).filter((name) => name !== LULL);
    const beside = Object.fromEntries(names.map((name) => [name, figuresOf(name, pausable)]));
    sayGranted(traces, say);
    const samples = { cost: costsOf(pausable), cost_steps_60s: costsOf(steps) };
    // Nothing in it is measured by a clock: repeating it gives the same figures.
    return Promise.resolve({ repeats: 1, figures, beside, samples });
  },
};

function costsOf(all: readonly Compared[]) {
  return Object.fromEntries(
    all.map(({ name, scored }) => [name, scored.map(({ cost }) => rounded(cost))]),
  );
}

function figuresOf(name: string, all: readonly Compared[]): Figures {
  const mine = all.find((each) => each.name === name);
  const best = all.find((each) => each.name === 'clairvoyant');
  return {
    regret_mean: rounded(mine?.regretMean ?? Number.NaN, 4),
    regret_worst_tenth: rounded(mine?.regretWorstTenth ?? Number.NaN, 4),
    time_to_update_p50_ratio: rounded(
      (mine?.timeToUpdateP50H ?? Number.NaN) / (best?.timeToUpdateP50H ?? Number.NaN),
      4,
    ),
  };
}

function show(say: (text: string) => void, all: readonly Compared[], what: string): void {
  const rows = all.map((each) => [
    each.name,
    each.regretMean.toFixed(3),
    each.regretWorstTenth.toFixed(3),
    `${each.timeToUpdateP50H.toFixed(3)} h`,
    each.costMean.toFixed(2),
    String(each.missCount),
  ]);
  const head = ['policy', 'regret, mean', 'worst tenth', 'to update p50', 'cost', 'missed'];
  say(`\n${what}\n${table([head, ...rows])}`);
}
