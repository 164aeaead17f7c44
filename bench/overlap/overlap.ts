// P2, overlap: seconds in which an update runs although it must not, replaying when machines were
// really left alone, with the real `decide` and fold. Two kinds of work of 10 minutes: what can be
// frozen at any instant, and steps of 60 s that cannot.

import { compare, REACTION_MS, type Compared } from '../../orchestrator/simulation/comparison.js';
import { bestTimers } from '../../orchestrator/simulation/hindsight.js';
import type { Score } from '../../orchestrator/simulation/score.js';
import type { BenchOptions, Benchmark, Figures, Measured } from '../benchmark.js';
import { errandsFor, LULL, lulls, sayGranted, STEP_MS, tracesFor } from '../errands.js';
import { rounded, table } from '../report.js';

const GOAL_PAUSABLE_S = 0.01;
const GOAL_STEPS_S = 2;
const GOAL_SHARE = 0.99;

export const overlap: Benchmark = {
  what: 'seconds that an update runs while it is not allowed, replaying recordings',
  quickRepeats: 1,
  needsSandbox: false,
  replays: true,
  run: (options: BenchOptions): Promise<Measured> => {
    const traces = tracesFor(options);
    const pausable = compare(lulls(), errandsFor(traces, 0));
    const stepErrands = errandsFor(traces, STEP_MS);
    const steps = compare(lulls(), stepErrands);
    const known = bestTimers(stepErrands);
    show(
      options.say,
      pausable,
      `what can be frozen at any instant (${String(REACTION_MS)} ms late)`,
    );
    show(options.say, [...steps, ...known], 'steps of 60 s that cannot be frozen');
    options.say(
      `  ${(stepErrands.length / traces.length).toFixed(0)} updates per device: with one or a few, the best timer per device is the luckiest one, not what a device could have taught (decision 110)`,
    );
    const figures = figuresOf(LULL, pausable, steps);
    options.say(
      `\ngoals: pausable ≤ ${String(GOAL_PAUSABLE_S)} s: ${met(figures['not_allowed_s_mean_pausable'], GOAL_PAUSABLE_S)}; steps ≤ ${String(GOAL_STEPS_S)} s: ${met(figures['not_allowed_s_mean_60s'], GOAL_STEPS_S)}; done share ≥ ${String(GOAL_SHARE)} of the clairvoyant's: ${met(-(figures['done_share_of_optimum'] ?? 0), -GOAL_SHARE)}`,
    );
    const names = pausable.map(({ name }) => name).filter((name) => name !== LULL);
    const beside = Object.fromEntries([
      ...names.map((name) => [name, figuresOf(name, pausable, steps)] as const),
      ...known.map(({ name }) => [name, stepFiguresOf(name, [...steps, ...known])] as const),
    ]);
    sayGranted(traces, options.say);
    const samples = { pausable: samplesOf(pausable), steps_60s: samplesOf(steps) };
    // Nothing in it is measured by a clock: repeating it gives the same figures.
    return Promise.resolve({ repeats: 1, figures, beside, samples });
  },
};

function figuresOf(name: string, pausable: readonly Score[], steps: readonly Score[]): Figures {
  const mine = pausable.find((each) => each.name === name);
  return {
    not_allowed_s_mean_pausable: rounded(mine?.notAllowedMeanS ?? Number.NaN, 4),
    ...stepFiguresOf(name, steps),
  };
}

function samplesOf(all: readonly Compared[]) {
  return Object.fromEntries(
    all.map(({ name, scored }) => [
      name,
      scored.map(({ notAllowedS, done }) => [rounded(notAllowedS), done]),
    ]),
  );
}

function stepFiguresOf(name: string, steps: readonly Score[]): Figures {
  const of = (wanted: string) => steps.find((each) => each.name === wanted);
  const best = of('clairvoyant')?.doneShare ?? Number.NaN;
  return {
    not_allowed_s_mean_60s: rounded(of(name)?.notAllowedMeanS ?? Number.NaN, 2),
    done_share_of_optimum: rounded((of(name)?.doneShare ?? Number.NaN) / best, 4),
  };
}

function show(say: (text: string) => void, all: readonly Score[], what: string): void {
  const rows = all.map((each) => [
    each.name,
    `${(each.doneShare * 100).toFixed(1)} %`,
    `${each.notAllowedMeanS.toFixed(each.notAllowedMeanS < 0.1 ? 4 : 1)} s`,
    `${each.notAllowedP99S.toFixed(1)} s`,
    `${each.timeToUpdateP50H.toFixed(2)} h`,
    each.interruptionsMean.toFixed(2),
  ]);
  const head = ['policy', 'done', 'not allowed, mean', 'p99', 'to update p50', 'stopped'];
  say(`\n${what}\n${table([head, ...rows])}`);
}

function met(value: number | undefined, goal: number): string {
  return value !== undefined && value <= goal ? 'met' : 'missed';
}
