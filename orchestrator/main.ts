// The orchestrator: owns the journal, decides who runs, and says why not.

import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { keyIdOf } from '../bundle/envelope.js';
import { watchSensor } from '../proto/watch/sensor.grpc.js';
import { OperatorServiceService } from '../proto/gen/lull/operator/v1/operator.js';
import { RegistryServiceService } from '../proto/gen/lull/registry/v1/registry.js';
import type { Readings } from '../conditions/reading.js';
import type { Clock } from '../runtime/clock.js';
import { serveUnix } from '../runtime/grpc.js';
import type { Log } from '../runtime/log.js';
import { CloseStack, type Closeable } from '../runtime/shutdown.js';
import { createProgressFeed } from './api/watch.grpc.js';
import { operatorHandlers } from './api/operator.grpc.js';
import { canonicalJson } from './journal/chain.js';
import { openJournal, type JournalOptions } from './journal/open.loop.js';
import type { JournalPlace } from './journal/place.js';
import { linkService } from './link/host.grpc.js';
import type { Policy, PolicySource } from './policy/policy.js';
import { openBundles } from './registry/bundles.fs.js';
import { registryHandlers } from './registry/registry.grpc.js';
import type { HostView } from './scheduler/host-view.js';
import { hostEdges } from './scheduler/edges.loop.js';
import { watchRhythm } from './scheduler/rhythm.loop.js';
import { startTurns, type TurnDeps } from './scheduler/turn.loop.js';
import { openLedger } from './world/ledger.loop.js';
import type { World } from './world/world.js';

export interface OrchestratorSettings {
  readonly version: string;
  readonly stateDir: string;
  readonly runDir: string;
  readonly policy: PolicySource;
  /** Absent: a file in the state directory. */
  readonly journal?: JournalPlace;
  readonly journalOptions: Omit<JournalOptions, 'log'>;
}

/** Only the owner of the socket's directory talks to the orchestrator. */
const SOCKET_MODE = 0o600;
const SENSOR_HEARTBEAT_MS = 10_000;
const SENSOR_SILENT_MS = 25_000;

export async function startOrchestrator(
  settings: OrchestratorSettings,
  deps: { clock: Clock; log: Log },
): Promise<Closeable> {
  const { policy, stateDir, runDir, version } = settings;
  const { clock, log } = deps;
  const opened = new CloseStack(log);
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const place = settings.journal ?? { kind: 'file', path: join(stateDir, 'journal.db') };
    const journal = opened.add(
      'journal',
      await openJournal(place, { ...settings.journalOptions, log }),
    );
    const ledger = await openLedger({ journal, clock, retry: () => policy.current().retry, log });
    await ledger.append([
      { kind: 'orchestrator.started', version, policySha256: digestOf(policy.current()) },
    ]);

    const bundles = openBundles(join(stateDir, 'bundles'));
    const cleared = await bundles.keepOnly(wantedBundles(ledger.world));
    if (cleared.length > 0) log.info({ cleared }, 'let go of bundles of no version that is known');
    const progress = createProgressFeed();
    let readings: Readings = new Map();
    const servedSinceMs = clock.now().wallMs;

    const wake = (): void => {
      turns.wake();
    };
    const hosts = hostEdges({ ledger, log, wake, onProgress: progress.publish });
    const host = () => hosts.current;
    const hostView = (): HostView => ({
      id: hosts.current?.hostId ?? 'this machine',
      attached: hosts.current !== undefined,
      level: hosts.current?.confinement?.level,
      readings,
      diskPath: stateDir,
      servedSinceMs,
    });
    const onWanted: TurnDeps['onWanted'] = (wanted) => {
      sensor.setCadence(SENSOR_HEARTBEAT_MS, SENSOR_SILENT_MS, wanted);
    };
    const turns = opened.add(
      'turns',
      startTurns({
        ...{ ledger, policy: policy.current, clock, log, hostView, host, onWanted },
        soon: setImmediate,
      }),
    );
    const rhythm = opened.add(
      'rhythm',
      watchRhythm({ ledger, policy: policy.current, clock, log }),
    );
    const stopListening = policy.onChange(() => {
      const policySha256 = digestOf(policy.current());
      ledger.append([{ kind: 'policy.changed', policySha256 }]).then(wake, (error: unknown) => {
        log.error({ err: error }, 'the change of policy was not recorded');
      });
    });
    opened.add('policy', { close: stopListening });
    const sensor = opened.add(
      'sensor',
      watchSensor({
        socketPath: join(runDir, 'sensor.sock'),
        heartbeatMs: SENSOR_HEARTBEAT_MS,
        silentAfterMs: SENSOR_SILENT_MS,
        clock,
        signal: new AbortController().signal,
        onReadings: (next) => {
          readings = next;
          rhythm.see(next);
          wake();
        },
      }),
    );

    const link = linkService({ edges: hosts, readBundle: bundles.read, log });
    opened.add(
      'link',
      await serveUnix({
        path: join(runDir, 'link.sock'),
        mode: SOCKET_MODE,
        register: (server) => {
          server.addService(link.definition, link.handlers);
        },
      }),
    );
    opened.add(
      'api',
      await serveUnix({
        path: join(runDir, 'operator.sock'),
        mode: SOCKET_MODE,
        register: (server) => {
          server.addService(
            OperatorServiceService,
            operatorHandlers({
              version,
              clock,
              policy: policy.current,
              ledger,
              planNow: turns.planNow,
              hostView,
              host,
              progress,
              wake,
            }),
          );
          server.addService(
            RegistryServiceService,
            registryHandlers({ ledger, policy: policy.current, bundles, clock, log, wake }),
          );
        },
      }),
    );
    wake();
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** Of every version that was submitted last, or accepted. */
function wantedBundles({ updaters }: World): ReadonlySet<string> {
  const versions = [...updaters.values()].flatMap(({ current, accepted }) =>
    accepted === undefined ? [current] : [current, accepted.version],
  );
  return new Set(versions.map(({ bundleSha256 }) => bundleSha256));
}

/** Which policy was in force; a key stands in it by its id. */
function digestOf(policy: Policy): string {
  const publishers = policy.publishers.map((publisher) => ({
    ...publisher,
    keys: publisher.keys.map(keyIdOf),
  }));
  return createHash('sha256')
    .update(canonicalJson({ ...policy, publishers }))
    .digest('hex');
}
