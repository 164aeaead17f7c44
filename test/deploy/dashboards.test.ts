// The dashboards ask Prometheus for figures that Lull has, by the names and labels that they arrive under.
// What Prometheus itself says of them: prometheus.test.ts.

import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../architecture/tree.fs.js';
import { grafanaDirectory, panels, queries } from './dashboard-queries.js';
import { exported, figures } from './exported-figures.js';

function allIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, found = '']) => found);
}

test('every figure is among those that are looked at here', () => {
  const source = readFileSync(join(repositoryRoot(), 'orchestrator/world/figures.ts'), 'utf8');
  const named = new Set(allIn(source, /'(lull\.[a-z.]+)'/g));
  expect(new Set(figures.map(({ name }) => name))).toEqual(named);
});

describe('each query of a dashboard', () => {
  test.each(queries)('$title: $expr', ({ expr, legend }) => {
    const metrics = allIn(expr, /\b(lull_\w+)/g);
    expect(metrics.length).toBeGreaterThan(0);
    expect(exported.map(({ name }) => name)).toEqual(expect.arrayContaining(metrics));
    const asked = exported.filter(({ name }) => metrics.includes(name));
    const labels = new Set(asked.flatMap((each) => Object.keys(each.labels)));
    const grouped = allIn(expr, /\bby \(([^)]*)\)/g).flatMap((list) => list.split(/,\s*/));
    const matched = allIn(expr, /\b(\w+)(?:=~|!~|!=|=)"/g);
    expect([...labels]).toEqual(expect.arrayContaining([...grouped, ...matched]));
    // What is not grouped by is not there to be written.
    expect(grouped).toEqual(expect.arrayContaining(allIn(legend, /\{\{(\w+)\}\}/g)));
  });

  test('goes to a source that is provisioned', () => {
    const sources = readFileSync(
      join(grafanaDirectory, 'provisioning/datasources/lull.yaml'),
      'utf8',
    );
    const uids = allIn(sources, /uid: (\S+)/g);
    expect(uids).toEqual(expect.arrayContaining(panels.map(({ datasource }) => datasource.uid)));
  });
});
