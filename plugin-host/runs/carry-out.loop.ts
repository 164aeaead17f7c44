// Carrying out a grant, top to bottom: the bundle, the sandbox, the channel, the work. Whatever
// happens, what was opened is closed again, last first.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { bindGrants, settingProblems, type BoundGrants } from '../../bundle/grant.js';
import type { Manifest } from '../../bundle/manifest.js';
import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import { CloseStack } from '../../runtime/shutdown.js';
import type { Artifacts } from '../artifacts/artifacts.http.js';
import type { Catalog, ReadBundle } from '../catalog/catalog.fs.js';
import { openUpdater } from '../channel/dial.grpc.js';
import { serveHost } from '../channel/host.grpc.js';
import type { HostedRun } from '../channel/hosted-run.js';
import { serveEgress } from '../egress/proxy.http.js';
import type { Installer } from '../install/install.fs.js';
import { inside, type Sandbox, type SandboxSpec } from '../sandbox/sandbox.js';
import type { SandboxRuntime } from '../sandbox/sandbox.runc.js';
import type { Checkpoints } from './checkpoints.fs.js';
import { failed, type Outcome, type RunEvent } from './event.js';
import type { Grant } from './grant.js';
import type { Pauses } from './pauses.loop.js';
import type { Place, Places } from './places.fs.js';
import { doWork } from './work.grpc.js';

export interface HostParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly runtime: SandboxRuntime;
  readonly catalog: Catalog;
  readonly readBundle: ReadBundle;
  readonly places: Places;
  readonly artifacts: Artifacts;
  readonly installer: Installer;
  readonly checkpoints: Checkpoints;
  /** W3C trace context to hand to the updater, where tracing is on. */
  readonly traceparent: () => string | undefined;
}

export interface Course {
  readonly pauses: Pauses;
  readonly over: AbortSignal;
  readonly emit: (event: RunEvent) => void;
  /** Set as soon as there is a sandbox, for the tail of its stderr. */
  sandbox?: Sandbox;
}

export async function carryOut(grant: Grant, parts: HostParts, course: Course): Promise<Outcome> {
  const { pauses, over } = course;
  await pauses.thawed();
  const startedMs = parts.clock.now().monotonicMs;
  const { manifest, bundleDir } = await parts.catalog.ensure(grant.updater, parts.readBundle, {
    signal: over,
  });
  const problems = settingProblems(manifest, grant.settings);
  if (problems.length > 0) return failed('SETTING_MISSING', problems.join('; '), false);
  const grants = bindGrants(manifest, grant.settings);
  const place = await parts.places.of(manifest.id);
  const opened = new CloseStack(parts.log);
  try {
    const run = hostedRun(grant, { manifest, grants, place }, course, parts.log);
    const sandbox = await launch(
      grant,
      { manifest, bundleDir, grants, place, run },
      parts,
      course,
      opened,
    );
    const channel = await openUpdater({
      channelDir: sandbox.channelDir,
      uid: place.uid,
      exited: sandbox.sandbox.exited,
      signal: over,
      isHeld: () => pauses.held,
    });
    opened.add('channel', channel);
    course.emit({
      kind: 'started',
      sandboxSha256: sandbox.sandbox.configSha256,
      launchMs: Math.round(parts.clock.now().monotonicMs - startedMs),
    });
    const checkpoint = (await parts.checkpoints.load(grant.runId)) ?? Buffer.alloc(0);
    return await doWork(grant, {
      channel,
      manifest,
      checkpoint,
      signal: over,
      nowMs: () => parts.clock.now().monotonicMs,
      emit: course.emit,
      offer: (pausable) => {
        pauses.offer(pausable);
      },
      log: parts.log,
    });
  } finally {
    await opened.close();
  }
}

interface Prepared {
  readonly manifest: Manifest;
  readonly bundleDir: string;
  readonly grants: BoundGrants;
  readonly place: Place;
  readonly run: HostedRun;
}

async function launch(
  grant: Grant,
  { manifest, bundleDir, grants, place, run }: Prepared,
  parts: HostParts,
  course: Course,
  opened: CloseStack,
): Promise<{ sandbox: Sandbox; channelDir: string }> {
  const { runtime, installer, artifacts, checkpoints, clock, log, env } = parts;
  const id = `${String(place.uid)}-${randomBytes(4).toString('hex')}`;
  const roots: { name: string; path: string }[] = [];
  for (const { name, path } of grants.installRoots) {
    await installer.recover(path);
    const current = await installer.resolve(path);
    if (current !== undefined) roots.push({ name, path: current });
  }
  const dirs = runtime.prepare(id, place.uid);
  opened.add('launch directories', { close: () => runtime.discard(id) });
  const socketPath = join(dirs.hostDir, 'host.sock');
  opened.add(
    'host service',
    await serveHost(run, { socketPath, artifacts, installer, checkpoints, clock, log }),
  );
  if (grants.egress.length > 0) {
    const egressPath = join(dirs.hostDir, 'egress.sock');
    opened.add('egress', await serveEgress(run, { socketPath: egressPath, clock, log, env }));
  }
  const spec: SandboxSpec = {
    id,
    uid: place.uid,
    argv: manifest.entrypoint,
    env: environment(run, grants, parts.traceparent()),
    runtime: manifest.runtime,
    dirs,
    bundleDir,
    workDir: place.workDir,
    artifactsDir: place.artifactsDir,
    roots,
    limits: grant.limits,
  };
  await course.pauses.thawed();
  const sandbox = opened.add('sandbox', await runtime.launch(spec, course.over));
  course.sandbox = sandbox;
  course.pauses.attach(sandbox);
  return { sandbox, channelDir: dirs.channelDir };
}

function environment(
  run: HostedRun,
  grants: BoundGrants,
  traceparent: string | undefined,
): ReadonlyMap<string, string> {
  const env = new Map([
    ['LULL_SOCKET', `${inside.channel}/updater.sock`],
    ['LULL_HOST_SOCKET', `${inside.host}/host.sock`],
    ['LULL_TOKEN', run.token],
    ['LULL_WORK', inside.work],
    ['LULL_ROOTS', inside.roots],
    ['LULL_PROTOCOLS', '1'],
    ['LANG', 'C.UTF-8'],
  ]);
  if (grants.egress.length > 0) env.set('LULL_EGRESS_SOCKET', `${inside.host}/egress.sock`);
  if (traceparent !== undefined) env.set('TRACEPARENT', traceparent);
  return env;
}

function hostedRun(
  grant: Grant,
  { manifest, grants, place }: { manifest: Manifest; grants: BoundGrants; place: Place },
  { pauses, over, emit }: Course,
  log: Log,
): HostedRun {
  return {
    runId: grant.runId,
    token: randomBytes(32).toString('hex'),
    ...place,
    grants,
    limits: {
      diskBytesMax: grant.limits.diskBytesMax,
      criticalSMax: manifest.critical_max_s,
    },
    thawed: () => pauses.thawed(),
    released: () => pauses.released(),
    enterSection: (why) => pauses.enterSection(why, manifest.critical_max_s * 1_000),
    leaveSection: () => {
      pauses.leaveSection();
    },
    over,
    emit: (event) => {
      // For whoever looks after this machine; the journal is for facts.
      if (event.kind === 'log') log[event.severity]({ runId: grant.runId }, event.message);
      else emit(event);
    },
  };
}
