// Spans, sent to a collector. Loaded where one is named: telemetry.ts, whose invariants hold here.

import { context, propagation, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { within } from './deadline.js';

/** One export may take this long, and so may the last one, at shutdown (O1). */
const EXPORT_MS_MAX = 2_000;
/** Spans that wait for the collector; more are dropped (O1). */
const QUEUE_SPANS_MAX = 2_048;
const EXPORT_EVERY_MS = 1_000;

/** @returns how to send what waits, within a deadline, and to put the no-ops back. It never rejects. */
export function sendSpans(
  endpoint: string,
  resource: Readonly<Record<string, string | number>>,
): () => Promise<void> {
  const exporter = new OTLPTraceExporter({ url: endpoint, timeoutMillis: EXPORT_MS_MAX });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes(resource),
    spanProcessors: [
      new BatchSpanProcessor(exporter, {
        maxQueueSize: QUEUE_SPANS_MAX,
        scheduledDelayMillis: EXPORT_EVERY_MS,
        exportTimeoutMillis: EXPORT_MS_MAX,
      }),
    ],
  });
  provider.register();
  return async () => {
    try {
      await within(provider.shutdown(), EXPORT_MS_MAX, 'the last export of traces');
    } catch {
      // O1: a collector that does not answer loses spans; it must not turn a clean stop into a failure.
    }
    trace.disable();
    context.disable();
    propagation.disable();
  };
}
