// Traces: spans of scans, runs and gRPC calls, sent to an OpenTelemetry collector when one is named.
// Figures go the same way: metrics.ts.
//
// `main` calls startTelemetry before it serves or dials anything. With no endpoint in the environment
// nothing of the SDK is loaded, and every function here comes down to the API's own no-ops.
//
// Invariants:
//   O1. Telemetry never holds Lull up: the queue of spans is bounded and drops, a collector that is
//       away costs nothing but its spans, and the last flush has a deadline.
//   O2. Nobody is asked to trace what they did not configure: off means off for the whole process.

import { context, propagation, SpanStatusCode, trace, type Attributes } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/api';
import type { Closeable } from './shutdown.js';
import { within } from './deadline.js';
import { startMetrics } from './metrics.js';
import { endpointOf, type Environment } from './otlp.js';

export const TRACER = 'lull';

/** One export may take this long, and so may the last one, at shutdown (O1). */
const EXPORT_MS_MAX = 2_000;
/** Spans that wait for the collector; more are dropped (O1). */
const QUEUE_SPANS_MAX = 2_048;
const EXPORT_EVERY_MS = 1_000;

export interface Telemetry extends Closeable {
  /** Where spans go; undefined when telemetry is off. */
  readonly endpoint: string | undefined;
  /** Sends what waits, within a deadline, and puts the no-ops back. Idempotent, never rejects. */
  close(): Promise<void>;
}

/**
 * Registers OpenTelemetry for this process when OTEL_EXPORTER_OTLP_ENDPOINT, or the variant for
 * traces or metrics, is set. Once per process: `lull up` has one for its three services.
 * @throws Error when the endpoint is not an http(s) URL.
 */
export async function startTelemetry(serviceName: string, env: Environment): Promise<Telemetry> {
  const endpoint = endpointOf('traces', env);
  const resource = {
    'service.name': env['OTEL_SERVICE_NAME'] ?? serviceName,
    'process.pid': process.pid,
  };
  const closeMetrics = await startMetrics(resource, env);
  const closeTraces = endpoint === undefined ? undefined : await startTraces(endpoint, resource);
  let closing: Promise<void> | undefined;
  return {
    endpoint,
    close: () => {
      closing ??= Promise.all([closeTraces?.(), closeMetrics()]).then(() => undefined);
      return closing;
    },
  };
}

async function startTraces(
  endpoint: string,
  resource: Readonly<Record<string, string | number>>,
): Promise<() => Promise<void>> {
  const [sdk, { resourceFromAttributes }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const exporter = new OTLPTraceExporter({ url: endpoint, timeoutMillis: EXPORT_MS_MAX });
  const provider = new sdk.NodeTracerProvider({
    resource: resourceFromAttributes(resource),
    spanProcessors: [
      new sdk.BatchSpanProcessor(exporter, {
        maxQueueSize: QUEUE_SPANS_MAX,
        scheduledDelayMillis: EXPORT_EVERY_MS,
        exportTimeoutMillis: EXPORT_MS_MAX,
      }),
    ],
  });
  provider.register();
  return () => stop(() => provider.shutdown());
}

async function stop(shutdown: () => Promise<void>): Promise<void> {
  try {
    await within(shutdown(), EXPORT_MS_MAX, 'the last export of traces');
  } catch {
    // O1: a collector that does not answer loses spans; it must not turn a clean stop into a failure.
  }
  trace.disable();
  context.disable();
  propagation.disable();
}

/** Whether spans go anywhere. A propagator is registered exactly when a provider is (O2). */
export function isTracing(): boolean {
  return propagation.fields().length > 0;
}

/**
 * Does `fn` inside a span: calls it makes become the span's children, what it throws marks the span
 * as failed and goes on to the caller.
 */
export async function inSpan<T>(
  name: string,
  attributes: Attributes,
  fn: (span: Span) => Promise<T>,
): Promise<T> {
  return trace.getTracer(TRACER).startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await fn(span);
    } catch (error) {
      span.recordException(error as Error);
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The active span in the form of W3C Trace Context, to hand on; undefined where there is none. */
export function currentTraceparent(): string | undefined {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return carrier['traceparent'];
}
