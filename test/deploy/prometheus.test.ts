// What Prometheus itself makes of what is deployed: of its configuration, and of each query of the dashboards
// over figures that have the names and labels of Lull's.

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../architecture/tree.fs.js';
import { queries } from './dashboard-queries.js';
import { exported, exportedAtStart, type Exported } from './exported-figures.js';
import { askPromtool, noPromtool } from './promtool.spawn.js';

const why = noPromtool === undefined ? '' : ` (skipped here: ${noPromtool})`;
const testHere = noPromtool === undefined ? test : test.skip;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lull-pt-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

testHere(`its configuration is one${why}`, async () => {
  const file = join(repositoryRoot(), 'deploy/prometheus/prometheus.yaml');
  expect(await askPromtool(['check', 'config', file])).toContain('SUCCESS');
});

function seriesOf({ name, labels }: Exported): string {
  const words = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return `${name}{${words.join(',')}}`;
}

interface Series {
  readonly series: string;
  readonly values: string;
}

/** Each once more every minute. */
const ongoing: readonly Series[] = exported.map((each) => ({
  series: seriesOf(each),
  values: '1+1x10',
}));

/** Of an orchestrator to which each happens for the first time, after seven minutes. */
function firstTimes(atStart: readonly Exported[]): Series[] {
  const born = new Set(atStart.map(seriesOf));
  return exported.map(seriesOf).map((series) => ({
    series,
    values: born.has(series) ? '0x6 1x3' : '_x7 1x3',
  }));
}

/** Grafana fills these in. */
function filled(expr: string): string {
  return expr.replaceAll(/\$__(?:rate_interval|range)\b/g, '5m');
}

/** @throws with what is wrong, where the query is none, or finds nothing in figures of Lull. */
async function answers(expr: string, series = ongoing): Promise<void> {
  // Nothing is absent: there is something.
  const asked = { expr: `absent(${filled(expr)})`, eval_time: '10m', exp_samples: [] };
  const tests = [{ interval: '1m', input_series: series, promql_expr_test: [asked] }];
  const file = join(directory, 'query.yaml');
  writeFileSync(file, JSON.stringify({ rule_files: [], evaluation_interval: '1m', tests }));
  await askPromtool(['test', 'rules', file]);
}

describe('what happens to an orchestrator for the first time is seen', () => {
  const counted = queries.filter(
    ({ expr }) => /_total\b/.test(expr) && !expr.includes('_entries_'),
  );

  testHere.each(counted)(`$title: $expr${why}`, async ({ expr }) => {
    await expect(answers(`(${expr}) > 0`, firstTimes(exportedAtStart))).resolves.toBeUndefined();
    // It is because there was something to grow from.
    await expect(answers(`(${expr}) > 0`, firstTimes([]))).rejects.toThrow();
  });
});

describe('each query of a dashboard is one, and finds figures of Lull', () => {
  testHere.each(queries)(`$title: $expr${why}`, async ({ expr }) => {
    await expect(answers(expr)).resolves.toBeUndefined();
  });

  testHere.each([
    ['that is none', 'sum by (outcome (lull_runs_finished_total)', /parse error/],
    ['of a figure that there is not', 'sum(lull_runs_ended_total)', /got:/],
    ['of a label that there is not', 'sum(lull_runs_finished_total{result="succeeded"})', /got:/],
  ])(`one %s would be told from them${why}`, async (_what, expr, words) => {
    const told = await answers(expr).catch((error: unknown) => error as { stderr: string });
    expect(told?.stderr).toMatch(words);
  });
});
