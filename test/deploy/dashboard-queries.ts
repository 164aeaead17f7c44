// What the dashboards ask of Prometheus.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../architecture/tree.fs.js';

interface Panel {
  readonly title: string;
  readonly datasource: { readonly uid: string };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

export interface DashboardQuery {
  readonly title: string;
  readonly expr: string;
  readonly legend: string;
}

export const grafanaDirectory = join(repositoryRoot(), 'deploy/grafana');

export const panels: readonly Panel[] = readdirSync(join(grafanaDirectory, 'dashboards')).flatMap(
  (file) => {
    const text = readFileSync(join(grafanaDirectory, 'dashboards', file), 'utf8');
    return (JSON.parse(text) as { panels: Panel[] }).panels;
  },
);

export const queries: readonly DashboardQuery[] = panels.flatMap(({ title, targets }) =>
  targets.map(({ expr, legendFormat }) => ({ title, expr, legend: legendFormat })),
);
