import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { count, time } from './metrics.js';
import { startTelemetry } from './telemetry.js';

interface Export {
  resourceMetrics: {
    resource: { attributes: { key: string; value: { stringValue?: string } }[] };
    scopeMetrics: { metrics: Seen[] }[];
  }[];
}

interface Seen {
  name: string;
  unit: string;
  sum?: { dataPoints: { asDouble: number; attributes: unknown[] }[] };
  histogram?: { dataPoints: { count: number; sum: number; explicitBounds: number[] }[] };
}

let collector: Server;
let paths: string[];
let exported: Export[];

beforeEach(async () => {
  paths = [];
  exported = [];
  collector = createServer((request, response) => {
    paths.push(request.url ?? '');
    void text(request).then((body) => {
      if (request.url?.endsWith('metrics') === true) exported.push(JSON.parse(body) as Export);
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  collector.closeAllConnections();
  await new Promise((resolve) => collector.close(resolve));
});

function url(): string {
  return `http://127.0.0.1:${String((collector.address() as AddressInfo).port)}`;
}

function named(name: string): Seen | undefined {
  return exported
    .flatMap(({ resourceMetrics }) => resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics))
    .flatMap(({ metrics }) => metrics)
    .findLast((each) => each.name === name);
}

test('what was counted and timed goes out, at the latest with the stop', async () => {
  const telemetry = await startTelemetry('test', { OTEL_EXPORTER_OTLP_ENDPOINT: url() });
  count('lull.test.runs', 1, { outcome: 'succeeded' });
  count('lull.test.runs', 1, { outcome: 'succeeded' });
  count('lull.test.bytes', 1_024, {}, 'By');
  time('lull.test.reaction', 0.002, {});
  time('lull.test.reaction', 3, {});
  await telemetry.close();

  expect(named('lull.test.runs')?.sum?.dataPoints).toMatchObject([{ asDouble: 2 }]);
  expect(named('lull.test.bytes')).toMatchObject({
    unit: 'By',
    sum: { dataPoints: [{ asDouble: 1_024 }] },
  });
  const [reaction] = named('lull.test.reaction')?.histogram?.dataPoints ?? [];
  expect(reaction).toMatchObject({ count: 2, sum: 3.002 });
  // A millisecond and a second are told apart.
  expect(reaction?.explicitBounds).toEqual(expect.arrayContaining([0.001, 0.0025, 1]));
  expect(exported[0]?.resourceMetrics[0]?.resource.attributes).toContainEqual({
    key: 'service.name',
    value: { stringValue: 'test' },
  });
});

test('another process of telemetry begins at nothing', async () => {
  const env = { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${url()}/of/metrics` };
  const first = await startTelemetry('test', env);
  count('lull.test.again', 5, {});
  await first.close();
  const second = await startTelemetry('test', env);
  count('lull.test.again', 1, {});
  await second.close();
  expect(named('lull.test.again')?.sum?.dataPoints).toMatchObject([{ asDouble: 1 }]);
  expect(new Set(paths)).toEqual(new Set(['/of/metrics']));
});

test.each([
  ['nothing is set', () => ({})],
  [
    'figures are switched off',
    () => ({
      OTEL_EXPORTER_OTLP_ENDPOINT: url(),
      OTEL_METRICS_EXPORTER: 'none',
    }),
  ],
  ['traces alone are asked for', () => ({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url()}/traces` })],
])('%s: counting costs nothing and goes nowhere', async (_situation, env) => {
  const telemetry = await startTelemetry('test', env());
  count('lull.test.runs', 1, {});
  time('lull.test.reaction', 1, {});
  await telemetry.close();
  expect(exported).toEqual([]);
});

test('a collector that went away does not fail the stop', async () => {
  const gone = url();
  collector.closeAllConnections();
  await new Promise((resolve) => collector.close(resolve));
  const telemetry = await startTelemetry('test', { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: gone });
  count('lull.test.lost', 1, {});
  await expect(telemetry.close()).resolves.toBeUndefined();
});
