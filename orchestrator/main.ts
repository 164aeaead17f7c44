// The orchestrator: owns the journal, decides who runs, and says why not.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Server } from '@grpc/grpc-js';
import { watchSensor } from '../proto/watch/sensor.grpc.js';
import { FleetServiceService } from '../proto/gen/lull/operator/v1/fleet.js';
import { OperatorServiceService } from '../proto/gen/lull/operator/v1/operator.js';
import { RegistryServiceService } from '../proto/gen/lull/registry/v1/registry.js';
import type { Clock } from '../runtime/clock.js';
import { serveUnix } from '../runtime/grpc.js';
import type { Log } from '../runtime/log.js';
import { CloseStack, type Closeable } from '../runtime/shutdown.js';
import { createProgressFeed } from './api/watch.grpc.js';
import type { OperatorDeps } from './api/deps.grpc.js';
import { onlyAbout } from './api/about.grpc.js';
import { fleetHandlers } from './api/fleet.grpc.js';
import { ownGroups } from './api/own-groups.js';
import { hostToWire } from './api/host.wire.js';
import { operatorHandlers } from './api/operator.grpc.js';
import { serveApi, SOCKET_MODE, type Listen } from './api/serve.grpc.js';
import type { JournalOptions } from './journal/open.loop.js';
import type { JournalPlace } from './journal/place.js';
import { openWitnessed } from './journal/witnessed.loop.js';
import { linkService } from './link/host.grpc.js';
import { digestOf } from './policy/digest.js';
import type { PolicySource } from './policy/policy.js';
import { openBundles } from './registry/bundles.fs.js';
import { registryHandlers } from './registry/registry.grpc.js';
import { wantedBundles } from './registry/wanted-bundles.js';
import { byOwnership, type CallerOf } from './trust/caller.grpc.js';
import { attend } from './scheduler/attend.loop.js';
import { countNothingYet } from './world/figures.loop.js';
import { openLedger } from './world/ledger.loop.js';

export interface OrchestratorSettings {
  readonly version: string;
  readonly stateDir: string;
  readonly runDir: string;
  readonly policy: PolicySource;
  /** Absent: a file in the state directory. */
  readonly journal?: JournalPlace;
  readonly journalOptions: Omit<JournalOptions, 'log'>;
  /** Absent: nobody calls over TCP. */
  readonly listen?: Listen;
}

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
    countNothingYet();
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const place = settings.journal ?? { kind: 'file', path: join(stateDir, 'journal.db') };
    const journal = opened.add(
      'journal',
      await openWitnessed(place, stateDir, { ...settings.journalOptions, log }),
    );
    const ledger = await openLedger({ journal, clock, retry: () => policy.current().retry, log });
    await ledger.append([
      { kind: 'orchestrator.started', version, policySha256: digestOf(policy.current()) },
    ]);

    const bundles = openBundles(join(stateDir, 'bundles'));
    const cleared = await bundles.keepOnly(wantedBundles(ledger.world));
    if (cleared.length > 0) log.info({ cleared }, 'let go of bundles of no version that is known');
    const progress = createProgressFeed();
    const attended = opened.add(
      'machine',
      attend({
        ledger,
        policy: policy.current,
        clock,
        log,
        name: 'this machine',
        diskPath: stateDir,
        onProgress: progress.publish,
        note: (facts) => ledger.append(facts),
        onWanted: (wanted) => {
          sensor.setCadence(SENSOR_HEARTBEAT_MS, SENSOR_SILENT_MS, wanted);
        },
      }),
    );
    const { wake, edges, host, hostView, planNow } = attended;
    const stopListening = policy.onChange(() => {
      wake(); // What it forbids now stops before any disk has heard of it.
      const policySha256 = digestOf(policy.current());
      ledger.append([{ kind: 'policy.changed', policySha256 }]).catch((error: unknown) => {
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
          attended.see(next);
        },
      }),
    );

    const operatorDeps: OperatorDeps = {
      version,
      clock,
      policy: policy.current,
      ledger,
      planNow,
      hostView,
      host,
      progress,
      wake,
      callerOf: byOwnership,
    };
    const link = linkService({ edges, readBundle: bundles.read, log });
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
    const apiFor = (callerOf: CallerOf) => (server: Server) => {
      const own = operatorHandlers({ ...operatorDeps, callerOf });
      server.addService(
        OperatorServiceService,
        onlyAbout(() => hostView().id, own),
      );
      server.addService(
        FleetServiceService,
        fleetHandlers({
          ...{ ledger, policy: policy.current, clock, wake, callerOf },
          groups: ownGroups(ledger.world, policy.current),
          problem: () => undefined, // It leads nobody but this machine, and asks nobody.
          listHosts: () => {
            const hosts = [hostToWire(hostView().id, '', operatorDeps)];
            return Promise.resolve({ hosts, nextPageToken: '', unserved: [] });
          },
        }),
      );
      server.addService(
        RegistryServiceService,
        registryHandlers({ ledger, policy: policy.current, bundles, clock, log, wake, callerOf }),
      );
    };
    const { listen } = settings;
    opened.add('api', await serveApi({ runDir, listen, log }, apiFor));
    wake();
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}
