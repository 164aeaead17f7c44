import { expect } from '@jest/globals';
import { join } from 'node:path';
import { installApp } from '../support/apps.js';
import { startCollector, type CollectedSpan } from '../support/collector.http.js';
import { sandboxTest } from '../support/confinement.js';
import { openStage } from '../support/stage.js';
import { enable, ended } from '../support/story.js';

const SERVER = 2;
const CLIENT = 3;

sandboxTest('one trace leads from a run to its updater and back to the host', async () => {
  const collector = await startCollector();
  const stage = openStage();
  try {
    const apps = installApp(join(stage.directory, 'apps'), '1.0.0');
    const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    const running = await stage.start([], env);
    const follower = stage.follow();
    await follower.report('away');
    await enable(running, await stage.bundle('program'), { apps });
    await ended(follower, 'install', 'succeeded');
    await running.stop(); // The last spans are sent at the end.

    const { spans } = collector;
    const called = (name: string, kind: number): CollectedSpan[] =>
      spans.filter((span) => span.name === name && span.kind === kind);
    const scan = one(spans.filter(({ name }) => name === 'run scan'));
    const scanCall = one(called('lull.updater.v1.UpdaterService/Scan', CLIENT));
    expect(scanCall).toMatchObject({ traceId: scan.traceId, parentSpanId: scan.spanId });

    const install = one(spans.filter(({ name }) => name === 'run install'));
    const perform = one(called('lull.updater.v1.UpdaterService/Perform', CLIENT));
    expect(perform).toMatchObject({ traceId: install.traceId, parentSpanId: install.spanId });
    // The updater answers to the span of the call that reached it.
    const commit = one(called('lull.host.v1.HostService/Commit', SERVER));
    expect(commit).toMatchObject({ traceId: install.traceId, parentSpanId: perform.spanId });
    expect(install.traceId).not.toBe(scan.traceId);

    const calls = spans.map(({ name }) => name);
    for (const name of [
      'lull.registry.v1.RegistryService/Submit',
      'lull.operator.v1.OperatorService/EnableUpdater',
      'lull.sensor.v1.SensorService/ReportPresence',
      'lull.updater.v1.UpdaterService/Describe',
    ]) {
      expect(calls).toContain(name);
    }
  } finally {
    await stage.close();
    await collector.close();
  }
});

sandboxTest('a program inside the sandbox finds the trace in its environment', async () => {
  const collector = await startCollector();
  const stage = openStage();
  try {
    const apps = installApp(join(stage.directory, 'apps'), '1.0.0');
    const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    const running = await stage.start([], env);
    const follower = stage.follow();
    await follower.report('away');
    await enable(running, await stage.bundle('reaching'), { apps });
    await ended(follower, 'download', 'succeeded');
    await running.stop();

    const notice = one(follower.facts.filter(({ kind }) => kind === 'run.notice'));
    // Of the run that it was launched for; the next one comes over in the metadata of its call.
    const scan = one(collector.spans.filter(({ name }) => name === 'run scan'));
    expect(notice['message']).toBe(`traceparent 00-${scan.traceId}-${scan.spanId}-01`);
  } finally {
    await stage.close();
    await collector.close();
  }
});

function one<T>(found: readonly T[]): T {
  expect(found).toHaveLength(1);
  return found[0] as T;
}
