import { createServer, type Server as HttpServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { makeGenericClientConstructor, status, type UntypedHandleCall } from '@grpc/grpc-js';
import { dialUnix, rpcError, serveUnix, unary } from './grpc.js';
import { clientTracing, serverTracing } from './telemetry.grpc.js';
import { currentTraceparent, inSpan, isTracing, startTelemetry } from './telemetry.js';

interface SeenSpan {
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  status: { code?: number };
}

interface Export {
  resourceSpans: { scopeSpans: { spans: SeenSpan[] }[] }[];
}

const bytes = (value: Buffer): Buffer => value;
const say = {
  path: '/lull.test.v1.EchoService/Say',
  requestStream: false,
  responseStream: false,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
} as const;
const EchoClient = makeGenericClientConstructor({ say }, 'EchoService');

let directory: string;
let collector: HttpServer;
let spans: SeenSpan[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lull-telemetry-'));
  spans = [];
  collector = createServer((request, response) => {
    void text(request).then((body) => {
      // Figures come too, where one address is named for both.
      const { resourceSpans = [] } = JSON.parse(body) as Partial<Export>;
      spans.push(...resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans)));
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  collector.closeAllConnections();
  await new Promise((resolve) => collector.close(resolve));
  rmSync(directory, { recursive: true });
});

function endpoint(): string {
  return `http://127.0.0.1:${String((collector.address() as AddressInfo).port)}`;
}

/** Serves `handler`, calls it once inside a span named "run", and takes everything down again. */
async function callOnce(handler: UntypedHandleCall): Promise<unknown> {
  const path = join(directory, 'a.sock');
  const listener = await serveUnix({
    path,
    mode: 0o600,
    register: (server) => {
      server.addService({ say }, { say: handler });
    },
  });
  const client = dialUnix(EchoClient, path);
  try {
    return await inSpan('run', { 'lull.run': 'r1' }, () =>
      unary<Buffer, Buffer | undefined>(
        (message, metadata, options, callback) =>
          client.makeUnaryRequest(say.path, bytes, bytes, message, metadata, options, callback),
        Buffer.from('hello'),
        { deadlineMs: 5_000 },
      ),
    ).catch((error: unknown) => error);
  } finally {
    client.close();
    await listener.close();
  }
}

function named(name: string, kind?: number): SeenSpan {
  const found = spans.find((s) => s.name === name && (kind === undefined || s.kind === kind));
  if (found === undefined) throw new Error(`no span ${name} among ${JSON.stringify(spans)}`);
  return found;
}

const answersTraceparent: UntypedHandleCall = (
  _call: unknown,
  callback: (error: null, response: Buffer) => void,
) => {
  callback(null, Buffer.from(currentTraceparent() ?? 'none'));
};

// Of the OTLP protocol.
const SERVER = 2;
const CLIENT = 3;
const FAILED = 2;

describe('a collector is named', () => {
  test('the caller, the call and the handler share one trace across the socket', async () => {
    const telemetry = await startTelemetry('test', { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint() });
    expect(telemetry.endpoint).toBe(`${endpoint()}/v1/traces`);
    const answer = await callOnce(answersTraceparent);
    await telemetry.close();

    const run = named('run');
    const client = named('lull.test.v1.EchoService/Say', CLIENT);
    const server = named('lull.test.v1.EchoService/Say', SERVER);
    expect(client).toMatchObject({ traceId: run.traceId, parentSpanId: run.spanId });
    expect(server).toMatchObject({ traceId: run.traceId, parentSpanId: client.spanId });
    expect(String(answer)).toBe(`00-${run.traceId}-${server.spanId}-01`);
  });

  test('a call that is refused marks every span above it as failed', async () => {
    const telemetry = await startTelemetry('test', {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${endpoint()}/anywhere`,
    });
    const refuses: UntypedHandleCall = (_call: unknown, callback: (error: object) => void) => {
      callback(rpcError(status.UNAVAILABLE, 'UPSTREAM_DOWN', 'down'));
    };
    expect(await callOnce(refuses)).toMatchObject({ code: status.UNAVAILABLE });
    await telemetry.close();
    expect(spans).toHaveLength(3);
    for (const span of spans) expect(span.status.code).toBe(FAILED);
  });

  test('closing twice is one close, and afterwards nothing is traced', async () => {
    const telemetry = await startTelemetry('test', { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint() });
    expect(isTracing()).toBe(true);
    await Promise.all([telemetry.close(), telemetry.close()]);
    expect(isTracing()).toBe(false);
    await inSpan('unseen', {}, () => Promise.resolve());
    expect(spans).toEqual([]);
  });

  test('a collector that went away neither delays the stop for long nor fails it', async () => {
    const gone = endpoint();
    collector.closeAllConnections();
    await new Promise((resolve) => collector.close(resolve));
    const telemetry = await startTelemetry('test', { OTEL_EXPORTER_OTLP_ENDPOINT: gone });
    await inSpan('lost', {}, () => Promise.resolve());
    const startedAtMs = performance.now();
    await expect(telemetry.close()).resolves.toBeUndefined();
    expect(performance.now() - startedAtMs).toBeLessThan(4_000);
  });

  test('an address that is none is named in the error', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' };
    await expect(startTelemetry('test', env)).rejects.toThrow('OTEL_EXPORTER_OTLP_ENDPOINT');
    expect(isTracing()).toBe(false);
  });
});

describe('no collector is named', () => {
  test.each([
    ['nothing is set', {}],
    ['the endpoint is empty', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
    ['the SDK is disabled', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_SDK_DISABLED: 'true' }],
  ])('%s: calls work, without interceptors, spans or headers', async (_situation, env) => {
    const telemetry = await startTelemetry('test', env);
    expect(telemetry.endpoint).toBeUndefined();
    expect(clientTracing()).toEqual([]);
    expect(serverTracing()).toEqual([]);
    expect(String(await callOnce(answersTraceparent))).toBe('none');
    await telemetry.close();
  });
});
