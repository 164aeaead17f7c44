// The plugin-host: verifies, confines, runs, pauses and audits updaters. It never chooses what runs.

import { randomBytes, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { Confinement } from '../conditions/confinement.js';
import type { Clock } from '../runtime/clock.js';
import type { Log } from '../runtime/log.js';
import type { Nats } from '../runtime/nats.js';
import { CloseStack, type Closeable } from '../runtime/shutdown.js';
import { createArtifacts } from './artifacts/artifacts.http.js';
import { loadTrustStore } from './artifacts/trust-store.fs.js';
import { createCatalog } from './catalog/catalog.fs.js';
import { createIntake } from './egress/intake.loop.js';
import { openPaid } from './egress/paid.fs.js';
import { openGuard, type Guard } from './guard/guard.loop.js';
import { beUrgent } from './guard/urgency.proc.js';
import { openRootRecords, type RootRecords } from './install/root-record.fs.js';
import { dispatch } from './link/dispatch.grpc.js';
import type { Report } from './link/event.wire.js';
import type { FleetLink } from './link/fleet.nats.js';
import { grpcCarrier } from './link/link.grpc.js';
import { hostIdIn } from './link/host-id.fs.js';
import { openLink, type Link } from './link/link.loop.js';
import { createKeepAwake } from './power/keep-awake.spawn.js';
import { readBootId } from './power/boot-id.fs.js';
import { guardRestart } from './power/guarded-restart.loop.js';
import { createMachineRestart } from './power/restart.spawn.js';
import type { Ground, GroundSettings } from './recovery.fs.js';
import type { HostParts } from './runs/carry-out.loop.js';
import { createCheckpoints } from './runs/checkpoints.fs.js';
import { hostRuns, type HostedRuns } from './runs/hosted-runs.loop.js';
import type { Launch } from './runs/launch.grpc.js';
import { Launches } from './runs/launches.loop.js';
import { openPlaces, type UidRange } from './runs/places.fs.js';
import type { SandboxRuntime } from './sandbox/sandbox.runc.js';
import { startSelfTest } from './self-test/self-test.loop.js';
import { startUpkeep } from './upkeep/upkeep.loop.js';
import { clearWithdrawn, type Withdrawn } from './upkeep/withdrawn.loop.js';

export interface PluginHostSettings extends GroundSettings {
  /** Of all parts that may run here: no updater's root lies in them. */
  readonly ownDirs: readonly string[];
  /** The users that updaters run as, one each. */
  readonly uids: UidRange;
  /** What is launched has to be signed with one of them; none: as the orchestrator says. */
  readonly trustedKeys: readonly KeyObject[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of a fleet; absent: the orchestrator is in this machine. */
  readonly fleet?: FleetPlace;
}

export interface FleetPlace {
  readonly nats: Nats;
  /** This machine's name in the fleet; absent: one that is made once. */
  readonly hostId?: string;
}

/** How long the last events may take to reach the orchestrator when we stop. */
const FLUSH_MS_MAX = 2_000;

interface Deps {
  readonly clock: Clock;
  readonly log: Log;
  readonly traceparent?: () => string | undefined;
  /** Told why no orchestrator hears this machine any more. */
  readonly onRefused?: (problem: string) => Promise<void>;
}

/** @param ground is closed by whoever made it, afterwards. */
export async function startPluginHost(
  ground: Ground,
  settings: PluginHostSettings,
  deps: Deps,
): Promise<Closeable> {
  const { runDir, stateDir, env, fleet } = settings;
  const { clock, log } = deps;
  const opened = new CloseStack(log);
  try {
    if (settings.priority === 'lowest') beUrgent(log);
    const guard = opened.add('guard', openGuard({ runDir, clock }));
    const keepAwake = opened.add('keep-awake', createKeepAwake({ clock, log, env }));
    const self = {
      hostId: fleet?.hostId ?? (await hostIdIn(stateDir, log)),
      instanceId: randomBytes(8).toString('hex'),
    };
    const faraway = fleet && (await joinFleet(fleet, guard, self, clock));
    if (faraway !== undefined) opened.add('fleet', faraway);
    const carrier = faraway?.carrier ?? grpcCarrier(join(runDir, 'link.sock'));
    const bootId = readBootId(log);
    const rootRecords = openRootRecords({
      dir: join(stateDir, 'root-records'),
      ...{ trees: ground.trees, log },
    });
    const onHeard = ({ event, ...run }: Report): void => {
      if (event.kind === 'installed') void ground.installer.heard(event);
      if (event.kind === 'rootChanged') void rootRecords.heard(run, event.root);
    };
    const about = { ...self, bootId, diskPath: stateDir };
    const onRefused = (problem: string): void => {
      deps.onRefused?.(problem).catch((error: unknown) => {
        log.warn({ err: error }, 'lull health will not say that nobody hears this machine');
      });
    };
    const link = openLink({ carrier, ...about, onHeard, onRefused, clock, log });
    opened.add('link', link);
    const parts = await openParts(ground, settings, deps, { link, rootRecords }, opened);
    const runs = hostRuns({ parts, guard, keepAwake, log, report: link.report });
    const withdrawn = clearAway(parts, runs, stateDir, { clock, log }, opened);
    opened.add('self-test', selfTest(parts.runtime, settings, { clock, log }, link));
    opened.add('last events', { close: () => link.flush(FLUSH_MS_MAX) });
    opened.add('runs', runs);
    const restart = createMachineRestart({ log, onFailed: link.restartFailed });
    const machine = guardRestart({ machine: restart, guard, clock, log });
    opened.add('restart', machine);
    link.attach({
      held: runs.held,
      onCommand: (command) => {
        dispatch(command, runs, link, machine, withdrawn, faraway?.want);
      },
    });
    faraway?.serve(runs, machine);
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** Loaded where there is a fleet. */
async function joinFleet(
  { nats }: FleetPlace,
  machine: Guard,
  self: { readonly hostId: string; readonly instanceId: string },
  clock: Clock,
): Promise<FleetLink> {
  const { openFleetLink } = await import('./link/fleet.nats.js');
  return openFleetLink({ nats, machine, ...self, clock });
}

/** What a run is carried out with. What a dead instance had changed, and nobody heard of, is reported. */
async function openParts(
  { runtime, installer, trees }: Ground,
  settings: PluginHostSettings,
  { clock, log, traceparent = () => undefined }: Deps,
  { link, rootRecords }: { readonly link: Link; readonly rootRecords: RootRecords },
  opened: CloseStack,
): Promise<HostParts> {
  const { stateDir, env, trustedKeys } = settings;
  const inState = (name: string): string => join(stateDir, name);
  const places = openPlaces({ stateDir, uids: settings.uids });
  const secureContext = loadTrustStore(env);
  const artifacts = createArtifacts({
    ...{ dir: inState('artifacts'), shownIn: places.artifactsDirs },
    ...{ log, clock, random: Math.random, env, secureContext },
  });
  opened.add('artifacts', artifacts);
  const paid = openPaid({ file: inState('metered.json'), log });
  opened.add('what was paid for', { close: () => paid.settled() });
  const launches = opened.add('launches', new Launches<Launch>({ clock, log }));
  await rootRecords.endAll(link.report);
  await installer.tellUnheard(link.report);
  return {
    ...{ clock, log, env, secureContext, traceparent, runtime, installer, trees },
    ...{ readBundle: link.readBundle, room: link.room },
    ...(trustedKeys.length === 0 ? {} : { trustedKeys }),
    ...{ places, launches, artifacts, rootRecords },
    catalog: createCatalog({ dir: inState('catalog') }),
    intake: createIntake({ clock, paid }),
    ground: { ownDirs: settings.ownDirs },
    checkpoints: createCheckpoints({ dir: inState('checkpoints') }),
  };
}

/** What nobody needs any more, and what withdrawn updaters have left. */
function clearAway(
  { artifacts, catalog, checkpoints, places, runtime }: HostParts,
  runs: HostedRuns,
  stateDir: string,
  { clock, log }: Deps,
  opened: CloseStack,
): Withdrawn {
  const tidyBundles = async (): Promise<void> => {
    const gone = await catalog.tidy(clock.now().wallMs, runs.uses);
    if (gone.length > 0) log.info({ gone }, 'let go of bundles that nobody launches');
  };
  const tidyCheckpoints = (): Promise<void> => {
    const held = runs.held().map(({ runId }) => runId);
    return checkpoints.tidy(clock.now().wallMs, held);
  };
  const chores = [
    { what: 'downloads', act: () => artifacts.tidy() },
    { what: 'checkpoints', act: tidyCheckpoints },
    { what: 'unpacked bundles', act: tidyBundles },
  ];
  opened.add('upkeep', startUpkeep(chores, { clock, log }));
  const withdrawn = clearWithdrawn({
    file: join(stateDir, 'withdrawn.json'),
    ...{ places, clock, log, isBusy: runs.isBusy },
    release: (workDir) => runtime.release(workDir),
  });
  return opened.add('what was withdrawn', withdrawn);
}

function selfTest(
  runtime: SandboxRuntime,
  { uids, runDir }: PluginHostSettings,
  { clock, log }: Deps,
  link: Link,
): Closeable {
  const onKnown = (confinement: Confinement): void => {
    link.confines(confinement);
  };
  return startSelfTest({ runtime, uid: uids.last, runDir, clock, log, onKnown });
}
