// Every figure of Lull, by the names that Prometheus has them under: OpenTelemetry's name with its unit and
// its kind, as the collector's exporter for Prometheus writes it.

import type { Fact } from '../../orchestrator/journal/fact.js';
import { figuresAtStart } from '../../orchestrator/world/figures-at-start.js';
import { figuresOf, type Figure } from '../../orchestrator/world/figures.js';

const run = { runId: 'r', epoch: 1 } as const;
const tree = { root: '/r', path: '/r', added: [], changed: [], removed: [] } as const;
const failure = { kind: 'failed', code: 'NO_SPACE', message: '', retry: true } as const;

/**
 * Of each kind that adds to a figure, with every label that a dashboard asks for. What is in them beside
 * that does not matter here.
 */
export const countedFacts = [
  { kind: 'host.attached', hostId: 'h', instanceId: 'i' },
  { ...{ kind: 'run.admitted', ...run, attempt: 1, hostId: 'h' }, work: { kind: 'scan' } },
  { kind: 'run.started', ...run, sandboxSha256: '', launchMs: 1 },
  { kind: 'run.paused', ...run, reasons: [], reactionNs: 1, cpuUs: 0 },
  { kind: 'run.throttled', ...run, reasons: [], reactionNs: 1, cpuUs: 0 },
  { kind: 'run.thawed', ...run, frozenMs: 1, cpuUsWhileFrozen: 1 },
  { kind: 'run.interrupted', runId: 'r', code: 'HOST_LOST', message: '' },
  { kind: 'run.finished', ...run, outcome: { kind: 'succeeded' }, stderrTail: '' },
  { kind: 'run.finished', ...run, outcome: failure, stderrTail: '' },
  { kind: 'content.downloaded', ...run, url: '', sizeBytes: 1, cached: false },
  { kind: 'content.installed', ...run, ...tree, receiptId: '', reverted: false },
  { kind: 'content.installed', ...run, ...tree, receiptId: '', reverted: true },
  { kind: 'updater.refused', id: 'u', version: '1', code: 'BUNDLE_INVALID', message: '' },
] as unknown as readonly Fact[];

export const figures: readonly Figure[] = countedFacts.flatMap(figuresOf);

/** One of them in Prometheus, with its labels. */
export interface Exported {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** In seconds, as `le` has them. Which there are otherwise is of no account here. */
const buckets = ['0.01', '+Inf'];
/** Of the resource that sent it: the collector is told to make labels of them. */
const ofSender = { service_name: 'orchestrator-a' };

export const exported: readonly Exported[] = figures.flatMap(inPrometheus);

/** What an orchestrator tells before anything has happened. */
export const exportedAtStart: readonly Exported[] = figuresAtStart.flatMap(inPrometheus);

function inPrometheus(figure: Figure): Exported[] {
  const name = figure.name.replaceAll('.', '_');
  const own = Object.entries(figure.labels).map(([label, value]) => [label, String(value)]);
  const labels = { ...(Object.fromEntries(own) as Record<string, string>), ...ofSender };
  if (figure.kind === 'count') {
    const unit = { By: '_bytes', s: '_seconds', '': '' }[figure.unit ?? ''];
    return [{ name: `${name}${unit ?? '_of a unit that is not known here'}_total`, labels }];
  }
  return [
    ...buckets.map((le) => ({ name: `${name}_seconds_bucket`, labels: { ...labels, le } })),
    ...['sum', 'count'].map((each) => ({ name: `${name}_seconds_${each}`, labels })),
  ];
}
