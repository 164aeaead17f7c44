// P12, simulate: how much faster than time the simulations run. The deterministic one of the tests: whole
// lives of a machine, a life a seed, with the real ledger, turns and edges, and everything audited. And
// beside it errands on traces, as `lull simulate` runs them, with the real `decide` and fold.

import { errandsOf, type Runner } from '../../orchestrator/simulation/errand.js';
import { clairvoyant } from '../../orchestrator/simulation/rivals.js';
import { syntheticTraces } from '../../orchestrator/simulation/synthetic.js';
import type { Trace } from '../../orchestrator/simulation/trace.js';
import { live } from '../../test/simulation/life.js';
import type { Benchmark, Measured } from '../benchmark.js';
import { lulls, STEP_MS } from '../errands.js';
import { median, rounded } from '../report.js';

const SEED = 1;
const DEVICES = 200;
const DEVICES_QUICK = 40;
const DAYS = 28;
const HOUR_MS = 3_600_000;
/** An update a day, with a day's work of waiting each: the machine is never without one. */
const EVERY_MS = 24 * HOUR_MS;
const GOAL = 10_000;
const LIVES = 40;
const LIVES_QUICK = 10;

export const simulate: Benchmark = {
  what: 'simulated seconds per second',
  quickRepeats: 2,
  needsSandbox: false,
  run: async ({ repeats, quick, say }): Promise<Measured> => {
    const traces = syntheticTraces(SEED, quick ? DEVICES_QUICK : DEVICES, DAYS);
    const samples = { lives: [] as number[], errands: [] as number[], bare_spans: [] as number[] };
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      // Other seeds in each repeat: a life is as fast as what happens in it.
      const firstSeed = SEED + repeat * LIVES;
      samples.lives.push(await livesSpeed(firstSeed, quick ? LIVES_QUICK : LIVES));
      for (const stepMs of [0, STEP_MS]) {
        const [runner = clairvoyant] = lulls();
        samples.errands.push(errandsSpeed(runner, traces, stepMs));
        samples.bare_spans.push(errandsSpeed(clairvoyant, traces, stepMs));
      }
    }
    const figures = figuresOf(samples.lives);
    const beside = {
      errands: figuresOf(samples.errands),
      bare_spans: figuresOf(samples.bare_spans),
    };
    const line = ({ speed, speed_worst }: ReturnType<typeof figuresOf>): string =>
      `${String(speed)} × (worst ${String(speed_worst)} ×)`;
    say(`lives of the deterministic simulation: ${line(figures)}, goal ${String(GOAL)} ×`);
    say(`errands on traces, with the same decide: ${line(beside.errands)}`);
    say(`the clairvoyant, which decides nothing: ${line(beside.bare_spans)}`);
    return { repeats, figures, beside, samples };
  },
};

async function livesSpeed(firstSeed: number, count: number): Promise<number> {
  const startMs = performance.now();
  let simulatedMs = 0;
  for (let seed = firstSeed; seed < firstSeed + count; seed += 1) {
    simulatedMs += (await live(seed)).simulatedMs;
  }
  return simulatedMs / (performance.now() - startMs);
}

function errandsSpeed(runner: Runner, traces: readonly Trace[], stepMs: number): number {
  const errands = traces.flatMap((trace) =>
    errandsOf(trace, {
      ...{ workMs: 600_000, stepMs, everyMs: EVERY_MS },
      ...{ deadlineMs: EVERY_MS, publisherMs: EVERY_MS },
    }),
  );
  const startMs = performance.now();
  let simulatedMs = 0;
  for (const errand of errands) {
    const ride = runner.run(errand);
    simulatedMs += (ride.finishedAtMs ?? errand.deadlineMs) - errand.arrivalMs;
  }
  return simulatedMs / (performance.now() - startMs);
}

function figuresOf(speeds: readonly number[]): { speed: number; speed_worst: number } {
  return { speed: rounded(median(speeds), 0), speed_worst: rounded(Math.min(...speeds), 0) };
}
