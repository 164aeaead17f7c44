// Spans for gRPC calls, with W3C Trace Context in the metadata: the caller's span becomes the parent
// of the one on the other side.
//
// Only `traceparent` and `tracestate` cross: baggage may hold anything, and the other side may be a
// vendor's updater.

import {
  InterceptingCall,
  ServerInterceptingCall,
  status as statusCode,
  type Interceptor,
  type Metadata,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import {
  context,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
  type Span,
  type TextMapGetter,
  type TextMapSetter,
} from '@opentelemetry/api';
import { isTracing, TRACER } from './telemetry.js';

// As numbers, which is what arrives from a peer.
const OK: number = statusCode.OK;
const CANCELLED: number = statusCode.CANCELLED;

const carried: readonly string[] = ['traceparent', 'tracestate'];

const setter: TextMapSetter<Metadata> = {
  set: (metadata, key, value) => {
    if (carried.includes(key)) metadata.set(key, value);
  },
};

const getter: TextMapGetter<Metadata> = {
  keys: (metadata) => Object.keys(metadata.getMap()),
  get: (metadata, key) =>
    carried.includes(key) ? metadata.get(key).map((value) => value.toString()) : undefined,
};

/** For dialUnix: one span per call that goes out. Empty when telemetry is off. */
export function clientTracing(): Interceptor[] {
  if (!isTracing()) return [];
  return [
    (options, nextCall) => {
      const span = startSpan(options.method_definition.path, SpanKind.CLIENT);
      return new InterceptingCall(nextCall(options), {
        start: (metadata, _listener, next) => {
          propagation.inject(trace.setSpan(context.active(), span), metadata, setter);
          next(metadata, {
            onReceiveStatus: (status, nextStatus) => {
              endSpan(span, status.code);
              nextStatus(status);
            },
          });
        },
      });
    },
  ];
}

/** For serveUnix: one span per call that comes in, active in its handler. Empty when off. */
export function serverTracing(): ServerInterceptor[] {
  if (!isTracing()) return [];
  return [
    (method, call) => {
      let span: Span | undefined;
      let inside = context.active();
      return new ServerInterceptingCall(call, {
        start: (next) => {
          next({
            onReceiveMetadata: (metadata, nextMetadata) => {
              const remote = propagation.extract(context.active(), metadata, getter);
              span = startSpan(method.path, SpanKind.SERVER, remote);
              inside = trace.setSpan(remote, span);
              // A handler of a streaming call starts here, one of a unary call at the half-close.
              context.with(inside, nextMetadata, undefined, metadata);
            },
            onReceiveMessage: (message: unknown, nextMessage) => {
              context.with(inside, nextMessage, undefined, message);
            },
            onReceiveHalfClose: (nextHalfClose) => {
              context.with(inside, nextHalfClose);
            },
            onCancel: () => {
              if (span !== undefined) endSpan(span, CANCELLED);
            },
          });
        },
        sendStatus: (status, next) => {
          if (span !== undefined) endSpan(span, status.code);
          next(status);
        },
      });
    },
  ];
}

/** Of the call that is being answered; undefined where tracing is off. */
export function traceIdNow(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId;
}

function startSpan(path: string, kind: SpanKind, parent = context.active()): Span {
  const [, service = '', method = ''] = path.split('/');
  return trace
    .getTracer(TRACER)
    .startSpan(
      `${service}/${method}`,
      { kind, attributes: { 'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': method } },
      parent,
    );
}

/** Ending twice is harmless: a call can be cancelled after its status was sent. */
function endSpan(span: Span, code: number): void {
  if (!span.isRecording()) return;
  span.setAttribute('rpc.grpc.status_code', code);
  // A cancelled call is how streams of Lull normally end.
  if (code !== OK && code !== CANCELLED) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}
