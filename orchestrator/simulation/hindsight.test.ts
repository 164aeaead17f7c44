import { expect, test } from '@jest/globals';
import type { Errand, Runner } from './errand.js';
import { bestTimers } from './hindsight.js';
import { clairvoyant, idleTimer } from './rivals.js';
import { scoreOf, summary } from './score.js';
import { syntheticTraces } from './synthetic.js';
import { traceOf } from './trace.js';

const START_MS = Date.UTC(2030, 0, 7);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function errandOf(trace: Errand['trace']): Errand {
  const { startMs, endMs } = trace;
  const work = { workMs: 10 * MINUTE_MS, stepMs: MINUTE_MS };
  return {
    trace,
    arrivalMs: startMs,
    deadlineMs: Math.min(endMs, startMs + 72 * HOUR_MS),
    ...work,
  };
}

test('whoever knows each device chooses no worse than who knows them all, and gets as much done', () => {
  const errands = syntheticTraces(7, 40, 5).map(errandOf);
  const of = (runner: Runner) =>
    summary(
      '',
      errands.map((errand) => scoreOf(errand, runner.run(errand))),
    );
  const [one, each] = bestTimers(errands);
  const best = of(clairvoyant);
  expect(one?.doneShare).toBeGreaterThanOrEqual(0.99 * best.doneShare);
  expect(each?.doneShare).toBeGreaterThanOrEqual(best.doneShare);
  expect(each?.notAllowedMeanS).toBeLessThan(one?.notAllowedMeanS ?? 0);
  for (const idleS of [60, 180, 900]) {
    const timer = of(idleTimer(idleS));
    const able = timer.doneShare >= 0.99 * best.doneShare;
    if (able) expect(one?.notAllowedMeanS).toBeLessThanOrEqual(timer.notAllowedMeanS);
  }
});

test('a device whose glances all last a minute waits just longer than that', () => {
  const glances = Array.from({ length: 20 }, (_, i) => {
    const fromMs = START_MS + i * 20 * MINUTE_MS;
    return { fromMs, toMs: fromMs + 55_000 };
  });
  const night = { fromMs: START_MS + 10 * HOUR_MS, toMs: START_MS + 18 * HOUR_MS };
  const away = [...glances, night];
  const endMs = START_MS + 24 * HOUR_MS;
  const trace = traceOf({ device: 'd', startMs: START_MS, endMs, away, mains: away });
  const [, each] = bestTimers([errandOf(trace)]);
  expect(each).toMatchObject({ doneShare: 1, notAllowedMeanS: 0 });
  const waitedMs = (each?.scored[0]?.waitedH ?? 0) * HOUR_MS;
  expect(Math.round(waitedMs)).toBe(10 * HOUR_MS + 60_000 + 10 * MINUTE_MS);
});
