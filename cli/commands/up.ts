// lull up: the three services in one process, on Unix sockets.

import type { KeyObject } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { JournalPlace } from '../../orchestrator/journal/place.js';
import type { Profile } from '../../sensor-service/probe/places.js';
import type { Ground, GroundSettings } from '../../plugin-host/recovery.fs.js';
import type { UidRange } from '../../plugin-host/runs/places.fs.js';
import type { Priority } from '../../plugin-host/sandbox/parent.cgroup.js';
import { requireConfinement } from '../../plugin-host/sandbox/rights.proc.js';
import { claim, type Claim } from '../../runtime/claim.fs.js';
import { systemClock, type Clock } from '../../runtime/clock.js';
import { createLog, type Log, type LogLevel } from '../../runtime/log.js';
import { CloseStack } from '../../runtime/shutdown.js';
import { currentTraceparent, startTelemetry } from '../../runtime/telemetry.js';
import type { AwayAfter } from '../../sensor-service/reading/seat.js';
import { CommandError } from '../failure.js';
import { busesFrom, type Places } from '../paths.js';
import type { PolicyFile } from '../policy-file.fs.js';
import { IS_UP } from '../up-words.js';
import { requireFreeUids } from './free-uids.spawn.js';
import { connectFleet, hostIdOf, type FleetPlace } from './fleet-place.js';
import { journalEnded, type JournalSettings } from './journal-place.js';
import type { Part } from './parts.js';
import type { Replay } from './replay.js';
import { requireGround, startInside } from './without-root.js';

export interface UpOptions {
  readonly version: string;
  readonly places: Places;
  readonly policyFile: string | undefined;
  readonly ociRuntime: string;
  readonly priority: Priority;
  /** The users that updaters run as. */
  readonly uids: UidRange;
  /** What this host launches has to be signed with one of them; none: as the orchestrator says. */
  readonly trustedKeys: readonly KeyObject[];
  readonly logLevel: LogLevel;
  readonly parts: readonly Part[];
  /** We are the plugin-host of a Lull without root, in its namespace; our control groups go in this one. */
  readonly delegatedGroup: string | undefined;
  readonly profile: Profile;
  /** When the sensors of this machine count somebody as gone. */
  readonly awayAfter: AwayAfter;
  /** Programs that updates wait for. */
  readonly apps: readonly string[];
  /** Where the journal is; absent: in the state directory. */
  readonly journal: JournalPlace | undefined;
  readonly journalOptions: JournalSettings;
  /** Where the orchestrator is called over TCP; absent: nowhere. */
  readonly listen: { readonly address: string; readonly tlsDir: string } | undefined;
  /** Of a fleet; absent: this machine is by itself. */
  readonly fleet: FleetPlace | undefined;
  /** A trace to play instead of measuring. */
  readonly replay: Replay | undefined;
}

const STOPPING = 'stopping\n';

function makeDirectory(directory: string, mode: number, option: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode });
  } catch (error) {
    const why = (error as Error).message;
    throw new CommandError(`${directory} cannot be used: ${why}. Choose another with ${option}`);
  }
}

/** Starts the parts, says so, and stops them when `signal` is aborted. */
export async function up(options: UpOptions, signal: AbortSignal): Promise<void> {
  const { version, ociRuntime } = options;
  const { runDir, stateDir } = options.places;
  const log = createLog('lull', options.logLevel);
  const clock = systemClock;
  const opened = new CloseStack(log);
  const wanted = (part: Part): boolean => options.parts.includes(part);
  const failing = new AbortController();
  try {
    const group =
      wanted('plugin-host') && !isRoot() ? await requireGround(options.uids) : undefined;
    const parts = options.parts.filter((part) => part !== 'plugin-host' || group === undefined);
    if (parts.includes('plugin-host')) requireConfinement(ociRuntime, options.delegatedGroup);
    // In a user namespace of our own they are ours.
    if (parts.includes('plugin-host') && options.delegatedGroup === undefined) {
      await requireFreeUids(options.uids, log);
    }
    // The sockets tell a living Lull from a dead one, but not two that start at once; and the
    // plugin-host has no socket at all.
    makeDirectory(runDir, 0o700, '--run');
    makeDirectory(stateDir, 0o711, '--state');
    const claims = new Map<Part, Claim>();
    for (const part of parts) {
      claims.set(part, opened.add('claim', await claim(runDir, part, '--run')));
      if (part !== 'sensor-service') opened.add('claim', await claim(stateDir, part, '--state'));
    }
    // A process holds the code of its own parts only.
    const policy = wanted('orchestrator')
      ? opened.add('policy file', await readPolicy(options.policyFile, { clock, log }))
      : undefined;
    opened.add('telemetry', await startTelemetry('lull', process.env));
    if (wanted('sensor-service')) {
      const { startSensorService } = await import('../../sensor-service/main.js');
      const { profile, awayAfter, apps, replay } = options;
      const settings = {
        runDir,
        diskPaths: ['/', stateDir],
        profile,
        awayAfter,
        apps,
        buses: busesFrom(process.env, process.getuid?.() ?? 0),
        ...(replay === undefined ? {} : { replay }),
      };
      opened.add(
        'sensor-service',
        await startSensorService(settings, {
          clock,
          log: log.child({ part: 'sensor-service' }),
        }),
      );
    }
    // Before anybody is waited for: what a dead one left half done is put right.
    const ground = parts.includes('plugin-host')
      ? opened.add('sandboxes', await recover(options, log.child({ part: 'plugin-host' })))
      : undefined;
    const fleet = parts.some((part) => part !== 'sensor-service') ? options.fleet : undefined;
    const nats =
      fleet === undefined
        ? undefined
        : await connectFleet(fleet, options.journalOptions, log, signal);
    if (nats !== undefined) opened.add('NATS', nats);
    else if (fleet !== undefined) return await leaveAtOnce(opened);
    if (policy !== undefined && nats !== undefined && fleet !== undefined) {
      const { startFleetOrchestrator } = await import('../../orchestrator/fleet/main.js');
      const { replicaCount, allowLossy } = options.journalOptions;
      const settings = {
        ...{ version, runDir, nats, policy, replicaCount, allowLossy },
        name: fleet.name,
        stateDir: `${stateDir}/orchestrator`,
        ...(options.listen === undefined ? {} : { listen: options.listen }),
      };
      const deps = { clock, log: log.child({ part: 'orchestrator' }), signal };
      const orchestrator = await startFleetOrchestrator(settings, deps);
      if (orchestrator === undefined) return await leaveAtOnce(opened);
      opened.add('orchestrator', orchestrator);
    } else if (policy !== undefined) {
      const { startOrchestrator } = await import('../../orchestrator/main.js');
      const settings = {
        version,
        stateDir: `${stateDir}/orchestrator`,
        runDir,
        policy,
        ...(options.journal === undefined ? {} : { journal: options.journal }),
        journalOptions: options.journalOptions,
        ...(options.listen === undefined ? {} : { listen: options.listen }),
      };
      const onBroken = (error: Error): void => {
        failing.abort(journalEnded(error));
      };
      const deps = { clock, log: log.child({ part: 'orchestrator' }), onBroken };
      opened.add('orchestrator', await startOrchestrator(settings, deps));
    }
    const inside =
      group === undefined
        ? undefined
        : opened.add('plugin-host', await startInside(group, options, signal));
    if (ground !== undefined) {
      const { startPluginHost } = await import('../../plugin-host/main.js');
      const settings = {
        ...groundSettings(options),
        ownDirs: [stateDir, runDir],
        uids: options.uids,
        trustedKeys: options.trustedKeys,
        env: process.env,
        ...(nats === undefined ? {} : { fleet: { nats, ...hostIdOf(fleet) } }),
      };
      const deps = {
        clock,
        log: log.child({ part: 'plugin-host' }),
        traceparent: currentTraceparent,
        onRefused: (problem: string) =>
          claims.get('plugin-host')?.tell(problem) ?? Promise.resolve(),
      };
      opened.add('plugin-host', await startPluginHost(ground, settings, deps));
    }
    process.stdout.write(`Lull ${version}${IS_UP}${options.parts.join(', ')} in ${runDir}\n`);
    const gone = inside === undefined ? [] : [inside.gone];
    await aborted(AbortSignal.any([signal, failing.signal, ...gone]));
    if (!signal.aborted) failing.signal.throwIfAborted();
    if (!signal.aborted) throw new CommandError('the plugin-host has ended');
    process.stdout.write(STOPPING);
  } finally {
    await opened.close();
  }
}

function groundSettings({
  places,
  ociRuntime,
  priority,
  delegatedGroup,
}: UpOptions): GroundSettings {
  const { stateDir, runDir } = places;
  return {
    ...{ stateDir: `${stateDir}/plugin-host`, runDir, ociRuntime, priority },
    delegatedGroup,
  };
}

async function recover(options: UpOptions, log: Log): Promise<Ground> {
  const { recoverGround } = await import('../../plugin-host/recovery.fs.js');
  return recoverGround(groundSettings(options), log);
}

/** Stopped while nobody was there: a connection that is being tried would keep us for seconds. */
async function leaveAtOnce(opened: CloseStack): Promise<never> {
  process.stdout.write(STOPPING);
  await opened.close();
  process.exit();
}

async function readPolicy(
  file: string | undefined,
  deps: { readonly clock: Clock; readonly log: Log },
): Promise<PolicyFile> {
  const { openPolicyFile } = await import('../policy-file.fs.js');
  return openPolicyFile(file, deps);
}

/** Of the machine, or of a user namespace: what is lacking in either is said by name. */
function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    // A timer that is never due keeps the process alive while it only waits for sockets.
    const alive = setInterval(() => undefined, 2_147_483_647);
    signal.addEventListener(
      'abort',
      () => {
        clearInterval(alive);
        resolve();
      },
      { once: true },
    );
  });
}
