// One launch: the updater's sandbox with everything that serves it, and the run that it serves now.
//
//   open: directories ─▶ bundle verified ─▶ host service ─▶ sandbox ─▶ the updater serves
//                                                              ─▶ serves a run, and the next
//
// Whatever fails on the way, what was opened is closed again, last first.

import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { SecureContext } from 'node:tls';
import type { BoundGrants } from '../../bundle/grant.js';
import type { Manifest } from '../../bundle/manifest.js';
import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import { CloseStack } from '../../runtime/shutdown.js';
import type { Artifacts } from '../artifacts/artifacts.http.js';
import type { StoredBundle } from '../catalog/catalog.fs.js';
import { openUpdater, type UpdaterChannel } from '../channel/dial.grpc.js';
import { serveHost } from '../channel/host.grpc.js';
import type { HostedLaunch } from '../channel/hosted-launch.js';
import type { HostedRun } from '../channel/hosted-run.js';
import { serveEgress } from '../egress/proxy.http.js';
import type { Installer } from '../install/install.fs.js';
import { launchEnvironment } from '../sandbox/launch-environment.js';
import type { Held, Sandbox, SandboxSpec } from '../sandbox/sandbox.js';
import { isInstallRoot } from '../sandbox/rootfs.js';
import type { SandboxRuntime } from '../sandbox/sandbox.runc.js';
import type { Checkpoints } from './checkpoints.fs.js';
import type { Grant } from './grant.js';
import type { Launched } from './launches.loop.js';
import type { Pauses } from './pauses.loop.js';
import type { Place } from './places.fs.js';
import { watchWork } from './watch.spawn.js';
import { WayOut } from './way-out.loop.js';

/** What a launch is made from. */
export interface Prepared {
  readonly manifest: Manifest;
  readonly grants: BoundGrants;
  readonly place: Place;
  /** Roots as they are shown inside: none of the paths is a link. */
  readonly roots: SandboxSpec['roots'];
}

export interface Launch extends Launched {
  readonly sandbox: Sandbox;
  readonly channel: UpdaterChannel;
  /** Whether it was ended because it wrote more than it may. */
  overdrew(): boolean;
  /** From now on it works for this run, and stands still with it. */
  serve(served: Served): Promise<void>;
  /** From now on it works for nobody. */
  rest(): Promise<void>;
}

interface Served {
  readonly run: HostedRun;
  readonly pauses: Pauses;
}

export interface LaunchParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whom a secured proxy has to be vouched for by. */
  readonly secureContext: SecureContext;
  readonly runtime: SandboxRuntime;
  readonly artifacts: Artifacts;
  readonly installer: Installer;
  readonly checkpoints: Checkpoints;
  /** W3C trace context to hand to the updater, where tracing is on. */
  readonly traceparent: () => string | undefined;
}

/** Equal for grants that lead to the very same launch. */
export function launchKey({ updater, settings, limits }: Grant, { roots }: Prepared): string {
  const { memoryBytesMax, processesMax, diskBytesMax, diskRates } = limits;
  const envelopeSha256 = createHash('sha256').update(updater.envelope).digest('hex');
  const { id, version, bundleSha256 } = updater;
  return JSON.stringify([
    [id, version, bundleSha256, envelopeSha256],
    [...settings].sort(([one], [other]) => (one < other ? -1 : 1)),
    [memoryBytesMax, processesMax, diskBytesMax],
    // JSON has no infinity.
    [String(diskRates.readBytesPerSMax), String(diskRates.writeBytesPerSMax)],
    // Which version of an install root it shows can be changed.
    roots.map((root) =>
      isInstallRoot(root) ? [root.name] : [root.name, root.path, root.writable],
    ),
  ]);
}

/**
 * @param bundle verifies every byte of it, and says where it lies.
 * @param attach told in the step in which the sandbox is started, before the updater serves.
 */
export async function openLaunch({
  grant,
  prepared,
  parts,
  bundle,
  first,
  attach,
}: {
  readonly grant: Grant;
  readonly prepared: Prepared;
  readonly parts: LaunchParts;
  readonly bundle: () => Promise<StoredBundle>;
  readonly first: Served;
  readonly attach: (sandbox: Sandbox) => void;
}): Promise<Launch> {
  const { runtime, installer, artifacts, checkpoints, clock, log, env, secureContext } = parts;
  const { place, grants, manifest, roots } = prepared;
  const { uid, workDir, artifactsDir } = place;
  const id = `${String(uid)}-${randomBytes(4).toString('hex')}`;
  const token = randomBytes(32).toString('hex');
  let served: Served | undefined;
  const launch: HostedLaunch = {
    token,
    uid,
    get run() {
      return served?.run;
    },
  };
  const opened = new CloseStack(log);
  try {
    opened.add('launch directories', { close: () => runtime.discard(id) });
    const dirs = await runtime.prepare(id, uid);
    const { bundleDir } = await bundle();
    const socketPath = join(dirs.hostDir, 'host.sock');
    const host = { socketPath, artifacts, installer, checkpoints, clock, log };
    opened.add('host service', await serveHost(launch, host));
    const socket = join(dirs.hostDir, 'egress.sock');
    const out = { socketPath: socket, clock, log, env, secureContext };
    const isGranted = grants.egress.length > 0;
    const wayOut = new WayOut(isGranted ? (run: HostedRun) => serveEgress(run, out) : undefined);
    const rest = (): Promise<void> => {
      served = undefined;
      return wayOut.close();
    };
    const serve = (next: Served): Promise<void> => {
      served = next;
      return wayOut.open(next.run);
    };
    opened.add('what is of one run', { close: rest });
    await serve(first);
    await first.pauses.thawed();
    const spec: SandboxSpec = {
      ...{ id, uid, dirs, bundleDir, workDir, artifactsDir, roots },
      argv: manifest.entrypoint,
      env: launchEnvironment({ token, hasEgress: isGranted, traceparent: parts.traceparent() }),
      runtime: manifest.runtime,
      limits: grant.limits,
    };
    const held: Held = {
      get frozen() {
        return first.pauses.frozen;
      },
      thawed: () => first.pauses.thawed(),
      attach,
    };
    const sandbox = opened.add('sandbox', await runtime.launch(spec, first.run.over, held));
    let overdrawn = false;
    if (!sandbox.hasQuota) {
      const onOver = (): void => {
        overdrawn = true;
        void sandbox.close().catch((error: unknown) => {
          log.error({ err: error }, 'an updater that wrote too much could not be ended');
        });
      };
      const { diskBytesMax: bytesMax } = grant.limits;
      const stands = (): boolean => served?.pauses.frozen ?? true;
      opened.add('watch', watchWork({ dir: workDir, bytesMax, clock, stands, onOver }));
    }
    const channel = await openUpdater({
      channelDir: dirs.channelDir,
      uid,
      exited: sandbox.exited,
      signal: first.run.over,
      standstill: {
        isHeld: () => served?.pauses.held ?? true,
        starvedUs: () => sandbox.starvedUs(),
      },
    });
    opened.add('channel', channel);
    const key = launchKey(grant, prepared);
    const overdrew = (): boolean => overdrawn;
    return { key, sandbox, channel, overdrew, serve, rest, close: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
