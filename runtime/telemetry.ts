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
import { startMetrics } from './metrics.js';
import { endpointOf, type Environment } from './otlp.js';

export const TRACER = 'lull';

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
  const { sendSpans } = await import('./spans.otlp.js');
  return sendSpans(endpoint, resource);
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
