// Figures: how often, how much and how long, sent to an OpenTelemetry collector when one is named.
//
// startTelemetry calls startMetrics; with no endpoint in the environment nothing of the SDK is loaded, and
// `count` and `time` come down to the API's own no-ops. O1 and O2 of telemetry.ts hold here as well.

import { metrics, type Counter, type Histogram, type MeterProvider } from '@opentelemetry/api';
import { endpointOf, type Environment } from './otlp.js';

const METER = 'lull';
/** Seconds. From what a freezer takes to what a launch takes on a busy machine. */
const TIME_BOUNDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** Labels are words of closed tables: never free text, never an id. */
export type Labels = Readonly<Record<string, string | boolean>>;

/** Instruments are made when they are first needed, and belong to their provider. */
const made = new WeakMap<MeterProvider, Map<string, Counter | Histogram>>();

/** It happened once more, or so much more. @param unit "By", "s"; without one a plain number. */
export function count(name: string, by: number, labels: Labels, unit = ''): void {
  instrument(name, () => metrics.getMeter(METER).createCounter(name, { unit })).add(by, labels);
}

/** It took so long. */
export function time(name: string, seconds: number, labels: Labels): void {
  const advice = { explicitBucketBoundaries: TIME_BOUNDS };
  const make = (): Histogram =>
    metrics.getMeter(METER).createHistogram(name, { unit: 's', advice });
  instrument(name, make).record(seconds, labels);
}

function instrument<T extends Counter | Histogram>(name: string, make: () => T): T {
  const provider = metrics.getMeterProvider();
  const known = made.get(provider) ?? new Map<string, Counter | Histogram>();
  made.set(provider, known);
  const found = (known.get(name) as T | undefined) ?? make();
  known.set(name, found);
  return found;
}

/** @returns how to send what waits, within a deadline, and to put the no-ops back. It never rejects. */
export async function startMetrics(
  resource: Readonly<Record<string, string | number>>,
  env: Environment,
): Promise<() => Promise<void>> {
  const url = endpointOf('metrics', env);
  if (url === undefined) return () => Promise.resolve();
  const { sendFigures } = await import('./figures.otlp.js');
  return sendFigures(url, resource);
}
