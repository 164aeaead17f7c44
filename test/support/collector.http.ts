// A collector of the test's own: takes spans and figures that OpenTelemetry's exporters send, as JSON.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface CollectedSpan {
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

export interface Collector {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** What each figure has come to, over all labels: how much was counted, or how often it was timed. */
  readonly totals: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

interface SpansRequest {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly CollectedSpan[] }[];
  }[];
}

interface FiguresRequest {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly { readonly metrics: readonly CollectedFigure[] }[];
  }[];
}

interface CollectedFigure {
  readonly name: string;
  readonly sum?: { readonly dataPoints: readonly { readonly asDouble: number }[] };
  readonly histogram?: { readonly dataPoints: readonly { readonly count: number }[] };
}

export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const totals = new Map<string, number>();
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { resourceSpans = [], resourceMetrics = [] } = JSON.parse(body) as Partial<
        SpansRequest & FiguresRequest
      >;
      const scopes = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans);
      spans.push(...scopes.flatMap((scope) => scope.spans));
      const figures = resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics);
      for (const figure of figures.flatMap(({ metrics }) => metrics)) {
        totals.set(figure.name, totalOf(figure)); // Each export has everything since the start.
      }
      response.setHeader('content-type', 'application/json');
      response.end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    spans,
    totals,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function totalOf({ sum, histogram }: CollectedFigure): number {
  const counted = (sum?.dataPoints ?? []).map(({ asDouble }) => asDouble);
  const timed = (histogram?.dataPoints ?? []).map(({ count }) => count);
  return [...counted, ...timed].reduce((total, each) => total + each, 0);
}
