// The dashboards ask Prometheus for figures that Lull has, by the names and labels that they arrive under:
// OpenTelemetry's name with its unit and its kind, as the collector's exporter for Prometheus writes it.

import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fact } from '../../orchestrator/journal/fact.js';
import { figuresOf, type Figure } from '../../orchestrator/world/figures.js';
import { repositoryRoot } from '../architecture/tree.fs.js';

const directory = join(repositoryRoot(), 'deploy/grafana');
const run = { runId: 'r', epoch: 1 } as const;
const tree = { root: '/r', path: '/r', added: [], changed: [], removed: [] } as const;

/** One of each that adds to a figure. What is in them beside the labels does not matter here. */
const facts = [
  { kind: 'host.attached', hostId: 'h', instanceId: 'i' },
  { ...{ kind: 'run.admitted', ...run, attempt: 1, hostId: 'h' }, work: { kind: 'scan' } },
  { kind: 'run.started', ...run, sandboxSha256: '', launchMs: 1 },
  { kind: 'run.paused', ...run, reasons: [], reactionNs: 1, cpuUs: 0 },
  { kind: 'run.throttled', ...run, reasons: [], reactionNs: 1, cpuUs: 0 },
  { kind: 'run.thawed', ...run, frozenMs: 1, cpuUsWhileFrozen: 1 },
  { kind: 'run.interrupted', runId: 'r', code: 'HOST_LOST', message: '' },
  { kind: 'run.finished', ...run, outcome: { kind: 'succeeded' }, stderrTail: '' },
  { kind: 'content.downloaded', ...run, url: '', sizeBytes: 1, cached: false },
  { kind: 'content.installed', ...run, ...tree, receiptId: '', reverted: false },
  { kind: 'updater.refused', id: 'u', version: '1', code: 'BUNDLE_INVALID', message: '' },
] as unknown as readonly Fact[];

const figures = facts.flatMap(figuresOf);
/** Of the resource that sent it: the collector is told to make labels of them. */
const ofSender = ['service_name'];

function namesInPrometheus(figure: Figure): readonly string[] {
  const name = figure.name.replaceAll('.', '_');
  if (figure.kind === 'time') {
    return ['bucket', 'sum', 'count'].map((suffix) => `${name}_seconds_${suffix}`);
  }
  const unit = { By: '_bytes', s: '_seconds', '': '' }[figure.unit ?? ''];
  return [`${name}${unit ?? '_of a unit that is not known here'}_total`];
}

/** The labels of each, by its name in Prometheus. */
const exported = new Map<string, readonly string[]>(
  figures.flatMap((figure) =>
    namesInPrometheus(figure).map((name): [string, readonly string[]] => {
      const ofBuckets = name.endsWith('_bucket') ? ['le'] : [];
      return [name, [...Object.keys(figure.labels), ...ofBuckets, ...ofSender]];
    }),
  ),
);

interface Panel {
  readonly title: string;
  readonly datasource: { readonly uid: string };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const panels = readdirSync(join(directory, 'dashboards')).flatMap((file) => {
  const text = readFileSync(join(directory, 'dashboards', file), 'utf8');
  return (JSON.parse(text) as { panels: Panel[] }).panels;
});
const queries = panels.flatMap(({ title, targets }) =>
  targets.map(({ expr, legendFormat }): [string, string, string] => [title, expr, legendFormat]),
);

function allIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, found = '']) => found);
}

test('every figure is among those that are looked at here', () => {
  const source = readFileSync(join(repositoryRoot(), 'orchestrator/world/figures.ts'), 'utf8');
  const named = new Set(allIn(source, /'(lull\.[a-z.]+)'/g));
  expect(new Set(figures.map(({ name }) => name))).toEqual(named);
});

describe('each query of a dashboard', () => {
  test.each(queries)('%s: %s', (_title, expr, legend) => {
    const metrics = allIn(expr, /\b(lull_\w+)/g);
    expect(metrics.length).toBeGreaterThan(0);
    expect([...exported.keys()]).toEqual(expect.arrayContaining(metrics));
    const labels = new Set(metrics.flatMap((metric) => exported.get(metric) ?? []));
    const grouped = allIn(expr, /\bby \(([^)]*)\)/g).flatMap((list) => list.split(/,\s*/));
    const matched = allIn(expr, /\b(\w+)(?:=~|!~|!=|=)"/g);
    expect([...labels]).toEqual(expect.arrayContaining([...grouped, ...matched]));
    // What is not grouped by is not there to be written.
    expect(grouped).toEqual(expect.arrayContaining(allIn(legend, /\{\{(\w+)\}\}/g)));
  });

  test('goes to a source that is provisioned', () => {
    const sources = readFileSync(join(directory, 'provisioning/datasources/lull.yaml'), 'utf8');
    const uids = allIn(sources, /uid: (\S+)/g);
    expect(uids).toEqual(expect.arrayContaining(panels.map(({ datasource }) => datasource.uid)));
  });
});
