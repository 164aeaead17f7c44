// The orchestrator of a machine by itself: owns the journal, decides who runs, and says why not.

import { mkdirSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { watchSensor } from '../proto/watch/sensor.grpc.js';
import type { Clock } from '../runtime/clock.js';
import { serveUnix } from '../runtime/grpc.js';
import type { Log } from '../runtime/log.js';
import { CloseStack, type Closeable } from '../runtime/shutdown.js';
import { registerOwnApi } from './api/own.grpc.js';
import { serveApi, SOCKET_MODE, type Listen } from './api/serve.grpc.js';
import { createProgressFeed } from './api/watch.grpc.js';
import { checkpointsIn } from './journal/checkpoints.fs.js';
import type { PolicyNoted } from './journal/fact.js';
import type { StreamOptions } from './journal/open.jetstream.js';
import type { JournalPlace } from './journal/place.js';
import { openWitnessed } from './journal/witnessed.loop.js';
import { linkService } from './link/host.grpc.js';
import { noted } from './policy/noted.js';
import type { PolicySource } from './policy/policy.js';
import { openBundles, type LocalBundles } from './registry/bundles.fs.js';
import { wantedBundles } from './registry/wanted-bundles.js';
import { attend, type AttendedHost } from './scheduler/attend.loop.js';
import { countNothingYet } from './world/figures.loop.js';
import { openLedger, type Ledger, type OwnLedger } from './world/ledger.loop.js';

export interface OrchestratorSettings {
  readonly version: string;
  readonly stateDir: string;
  readonly runDir: string;
  readonly policy: PolicySource;
  /** Absent: a file in the state directory. */
  readonly journal?: JournalPlace;
  readonly journalOptions: Omit<StreamOptions, 'log'>;
  /** Absent: nobody calls over TCP. */
  readonly listen?: Listen;
}

const SENSOR_HEARTBEAT_MS = 10_000;
const SENSOR_SILENT_MS = 25_000;

interface Deps {
  readonly clock: Clock;
  readonly log: Log;
  /** Called once when the journal goes no further: nothing is started any more. */
  readonly onBroken: (error: Error) => void;
}

export async function startOrchestrator(
  settings: OrchestratorSettings,
  deps: Deps,
): Promise<Closeable> {
  const { policy, stateDir, runDir, version, listen } = settings;
  const { clock, log } = deps;
  const opened = new CloseStack(log);
  try {
    countNothingYet();
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const ledger = await openOwnLedger(settings, deps, opened);
    const bundles = await openOwnBundles(stateDir, ledger, log);
    const progress = createProgressFeed();
    const machine = attendMachine(settings, deps, opened, ledger, progress.publish);
    opened.add('policy', followPolicy(policy, ledger, machine.wake, log));
    opened.add('link', await serveLink(runDir, machine, bundles, log));
    const api = await serveApi({ runDir, listen, clock, log }, (callerOf) => (server) => {
      const checkpoints = checkpointsIn(stateDir);
      const heard = { ledger, bundles, progress, checkpoints };
      const own = { version, clock, policy: policy.current, ...heard, log };
      registerOwnApi(server, { ...own, ...machine, callerOf });
    });
    opened.add('api', api);
    machine.wake();
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function openOwnLedger(
  { journal: kept, journalOptions, policy, stateDir, version }: OrchestratorSettings,
  { clock, log, onBroken }: Deps,
  opened: CloseStack,
): Promise<OwnLedger> {
  const place = kept ?? { kind: 'file', path: join(stateDir, 'journal.db') };
  const journal = await openWitnessed(place, stateDir, { ...journalOptions, log });
  opened.add('journal', journal);
  const ledger = await openLedger({ journal, clock, retry: () => policy.current().retry, log });
  ledger.onBroken(onBroken);
  const start = noted(policy.current(), ledger.world.updaters.values());
  warnOfDistrusted(start, log);
  await ledger.append([{ kind: 'orchestrator.started', version, ...start }]);
  return ledger;
}

async function openOwnBundles(stateDir: string, ledger: Ledger, log: Log): Promise<LocalBundles> {
  const bundles = openBundles(join(stateDir, 'bundles'));
  const cleared = await bundles.keepOnly(wantedBundles(ledger.world));
  if (cleared.length > 0) log.info({ cleared }, 'let go of bundles of no version that is known');
  return bundles;
}

/** Its turns, from what its sensors say. */
function attendMachine(
  { policy, stateDir, runDir }: OrchestratorSettings,
  { clock, log }: Deps,
  opened: CloseStack,
  ledger: Ledger,
  onProgress: Parameters<typeof attend>[0]['onProgress'],
): AttendedHost {
  const machine = attend({
    ...{ ledger, policy: policy.current, clock, log, onProgress },
    name: 'this machine',
    diskPath: stateDir,
    upMs: () => uptime() * 1_000,
    note: (facts) => ledger.append(facts),
    onWanted: (wanted) => {
      sensor.setCadence(SENSOR_HEARTBEAT_MS, SENSOR_SILENT_MS, wanted);
    },
  });
  opened.add('machine', machine);
  const sensor = watchSensor({
    socketPath: join(runDir, 'sensor.sock'),
    heartbeatMs: SENSOR_HEARTBEAT_MS,
    silentAfterMs: SENSOR_SILENT_MS,
    clock,
    signal: new AbortController().signal,
    onReadings: (next) => {
      machine.see(next);
    },
  });
  opened.add('sensor', sensor);
  return machine;
}

/** Whoever took a publisher out reads that it took effect, and whoever did not mean to, that it did. */
function warnOfDistrusted({ distrusted }: PolicyNoted, log: Log): void {
  if (distrusted === undefined) return;
  log.warn({ distrusted }, 'policy does not trust what was accepted: nothing of it runs');
}

function followPolicy(policy: PolicySource, ledger: Ledger, wake: () => void, log: Log): Closeable {
  const stop = policy.onChange(() => {
    wake(); // What it forbids now stops before any disk has heard of it.
    const change = noted(policy.current(), ledger.world.updaters.values());
    warnOfDistrusted(change, log);
    ledger.append([{ kind: 'policy.changed', ...change }]).catch((error: unknown) => {
      log.error({ err: error }, 'the change of policy was not recorded');
    });
  });
  return { close: stop };
}

async function serveLink(
  runDir: string,
  { edges }: AttendedHost,
  bundles: LocalBundles,
  log: Log,
): Promise<Closeable> {
  const link = linkService({ edges, readBundle: bundles.read, log });
  return await serveUnix({
    path: join(runDir, 'link.sock'),
    mode: SOCKET_MODE,
    log,
    register: (server) => {
      server.addService(link.definition, link.handlers);
    },
  });
}
