// P12, simulate: how much faster than time the simulation runs, with the real `decide` and fold.

import { errandsOf } from '../../orchestrator/simulation/errand.js';
import { clairvoyant } from '../../orchestrator/simulation/rivals.js';
import { syntheticTraces } from '../../orchestrator/simulation/synthetic.js';
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

export const simulate: Benchmark = {
  what: 'simulated seconds per second',
  quickRepeats: 2,
  needsSandbox: false,
  run: ({ repeats, quick, say }): Promise<Measured> => {
    const traces = syntheticTraces(SEED, quick ? DEVICES_QUICK : DEVICES, DAYS);
    const speeds: number[] = [];
    const bare: number[] = [];
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      for (const stepMs of [0, STEP_MS]) {
        const [runner] = lulls();
        if (runner === undefined) continue;
        const errands = traces.flatMap((trace) =>
          errandsOf(trace, { workMs: 600_000, stepMs, deadlineMs: EVERY_MS, everyMs: EVERY_MS }),
        );
        for (const [each, into] of [
          [runner, speeds],
          [clairvoyant, bare],
        ] as const) {
          const startMs = performance.now();
          let simulatedMs = 0;
          for (const errand of errands) {
            const ride = each.run(errand);
            simulatedMs += (ride.finishedAtMs ?? errand.deadlineMs) - errand.arrivalMs;
          }
          into.push(simulatedMs / (performance.now() - startMs));
        }
      }
    }
    const figures = {
      speed: rounded(median(speeds), 0),
      speed_worst: rounded(Math.min(...speeds), 0),
    };
    say(
      `speed: ${String(figures.speed)} × (worst ${String(figures.speed_worst)} ×), goal ${String(GOAL)} ×`,
    );
    const beside = { bare_spans: { speed: rounded(median(bare), 0) } };
    return Promise.resolve({
      repeats,
      figures,
      beside,
      samples: { speed: speeds, bare_spans: bare },
    });
  },
};
