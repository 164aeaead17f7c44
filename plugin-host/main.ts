// The plugin-host: verifies, confines, runs, pauses and audits updaters. It never chooses what runs.

import { randomBytes, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../runtime/clock.js';
import type { Log } from '../runtime/log.js';
import type { Nats } from '../runtime/nats.js';
import { CloseStack, type Closeable } from '../runtime/shutdown.js';
import { createArtifacts } from './artifacts/artifacts.http.js';
import { loadTrustStore } from './artifacts/trust-store.fs.js';
import { createCatalog } from './catalog/catalog.fs.js';
import { createIntake } from './egress/intake.loop.js';
import { openPaid } from './egress/paid.fs.js';
import { openGuard } from './guard/guard.loop.js';
import { beUrgent } from './guard/urgency.proc.js';
import { openRootRecords } from './install/root-record.fs.js';
import { dispatch } from './link/dispatch.grpc.js';
import { grpcCarrier } from './link/link.grpc.js';
import { hostIdIn } from './link/host-id.fs.js';
import { openLink } from './link/link.loop.js';
import { createKeepAwake } from './power/keep-awake.spawn.js';
import { readBootId } from './power/boot-id.fs.js';
import { createMachineRestart } from './power/restart.spawn.js';
import type { Ground, GroundSettings } from './recovery.fs.js';
import { createCheckpoints } from './runs/checkpoints.fs.js';
import { hostRuns } from './runs/hosted-runs.loop.js';
import type { Launch } from './runs/launch.grpc.js';
import { Launches } from './runs/launches.loop.js';
import { openPlaces, type UidRange } from './runs/places.fs.js';
import { startSelfTest } from './self-test/self-test.loop.js';
import { startUpkeep } from './upkeep/upkeep.loop.js';
import { clearWithdrawn } from './upkeep/withdrawn.loop.js';

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

/** @param ground is closed by whoever made it, afterwards. */
export async function startPluginHost(
  { runtime, installer }: Ground,
  settings: PluginHostSettings,
  deps: { clock: Clock; log: Log; traceparent?: () => string | undefined },
): Promise<Closeable> {
  const { stateDir, runDir, env } = settings;
  const { clock, log } = deps;
  const opened = new CloseStack(log);
  try {
    if (settings.priority === 'lowest') beUrgent(log);
    const guard = opened.add('guard', openGuard({ runDir, clock }));
    const keepAwake = opened.add('keep-awake', createKeepAwake({ clock, log, env }));
    const places = openPlaces({ stateDir, uids: settings.uids });
    const secureContext = loadTrustStore(env);
    const artifacts = opened.add(
      'artifacts',
      createArtifacts({
        ...{ dir: join(stateDir, 'artifacts'), log, clock, random: Math.random, env },
        secureContext,
        shownIn: places.artifactsDirs,
      }),
    );
    const paid = openPaid({ file: join(stateDir, 'metered.json'), log });
    opened.add('what was paid for', { close: () => paid.settled() });
    const { fleet } = settings;
    const hostId = fleet?.hostId ?? (await hostIdIn(stateDir, log));
    const instanceId = randomBytes(8).toString('hex');
    const faraway =
      fleet === undefined
        ? undefined
        : await import('./link/fleet.nats.js').then(({ openFleetLink }) =>
            openFleetLink({ nats: fleet.nats, machine: guard, hostId, instanceId, clock }),
          );
    if (faraway !== undefined) opened.add('fleet', faraway);
    const carrier = faraway?.carrier ?? grpcCarrier(join(runDir, 'link.sock'));
    const link = opened.add(
      'link',
      openLink({
        carrier,
        hostId,
        instanceId,
        bootId: readBootId(log),
        diskPath: stateDir,
        clock,
        log,
      }),
    );
    const launches = opened.add('launches', new Launches<Launch>({ clock, log }));
    const catalog = createCatalog({ dir: join(stateDir, 'catalog') });
    const rootRecords = openRootRecords({ dir: join(stateDir, 'root-records'), log });
    await rootRecords.endAll(link.report);
    const runs = hostRuns({
      parts: {
        clock,
        log,
        env,
        secureContext,
        runtime,
        catalog,
        readBundle: link.readBundle,
        room: link.room,
        ...(settings.trustedKeys.length === 0 ? {} : { trustedKeys: settings.trustedKeys }),
        places,
        launches,
        artifacts,
        intake: createIntake({ clock, paid }),
        installer,
        rootRecords,
        ground: { ownDirs: settings.ownDirs },
        checkpoints: createCheckpoints({ dir: join(stateDir, 'checkpoints') }),
        traceparent: deps.traceparent ?? (() => undefined),
      },
      guard,
      keepAwake,
      log,
      report: link.report,
    });
    const chores = [
      { what: 'downloads', act: () => artifacts.tidy() },
      {
        what: 'unpacked bundles',
        act: async () => {
          const gone = await catalog.tidy(clock.now().wallMs, runs.uses);
          if (gone.length > 0) log.info({ gone }, 'let go of bundles that nobody launches');
        },
      },
    ];
    opened.add('upkeep', startUpkeep(chores, { clock, log }));
    const withdrawn = opened.add(
      'what was withdrawn',
      clearWithdrawn({
        file: join(stateDir, 'withdrawn.json'),
        ...{ places, clock, log, isBusy: runs.isBusy },
        release: (workDir) => runtime.release(workDir),
      }),
    );
    const machine = createMachineRestart({ log, onFailed: link.restartFailed });
    opened.add(
      'self-test',
      startSelfTest({
        runtime,
        uid: settings.uids.last,
        runDir,
        clock,
        log,
        onKnown: (confinement) => {
          link.confines(confinement);
        },
      }),
    );
    opened.add('last events', { close: () => link.flush(FLUSH_MS_MAX) });
    opened.add('runs', runs);
    link.attach({
      held: runs.held,
      onCommand: (command) => {
        dispatch(command, runs, link, machine, withdrawn, faraway?.want);
      },
    });
    faraway?.serve(runs);
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}
