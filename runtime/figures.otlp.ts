// Figures, sent to a collector. Loaded where one is named: metrics.ts. O1 of telemetry.ts holds here as well.

import { metrics } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { within } from './deadline.js';

const EXPORT_EVERY_MS = 10_000;
const EXPORT_MS_MAX = 2_000;

/** @returns how to send what waits, within a deadline, and to put the no-ops back. It never rejects. */
export function sendFigures(
  url: string,
  resource: Readonly<Record<string, string | number>>,
): () => Promise<void> {
  const provider = new MeterProvider({
    resource: resourceFromAttributes(resource),
    readers: [
      new PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter({ url, timeoutMillis: EXPORT_MS_MAX }),
        exportIntervalMillis: EXPORT_EVERY_MS,
        exportTimeoutMillis: EXPORT_MS_MAX,
      }),
    ],
  });
  metrics.setGlobalMeterProvider(provider);
  return async () => {
    try {
      await within(provider.shutdown(), EXPORT_MS_MAX, 'the last export of figures');
    } catch {
      // O1: a collector that does not answer loses figures; it must not turn a clean stop into a failure.
    }
    metrics.disable();
  };
}
