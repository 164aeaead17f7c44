// An orchestrator of a fleet: leads its share of the partitions, follows what holds for all, and serves
// the same API as every other one.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Server } from '@grpc/grpc-js';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { OperatorServiceService } from '../../proto/gen/lull/operator/v1/operator.js';
import { FleetServiceService } from '../../proto/gen/lull/operator/v1/fleet.js';
import { RegistryServiceService } from '../../proto/gen/lull/registry/v1/registry.js';
import { BUNDLES_BUCKET, FLEET_PARTITION, partitions, upStreamOf } from '../../proto/subjects.js';
import type { Clock } from '../../runtime/clock.js';
import { pause } from '../../runtime/deadline.js';
import { compactHeap } from '../../runtime/heap.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import { CloseStack, type Closeable } from '../../runtime/shutdown.js';
import { operatorHandlers } from '../api/operator.grpc.js';
import { serveApi, type Listen } from '../api/serve.grpc.js';
import { createProgressFeed } from '../api/watch.grpc.js';
import { openGroupLock, SETTLE_MS } from '../groups/group-lock.kv.js';
import type { Head } from '../journal/chain.js';
import { openJournalOn } from '../journal/open.jetstream.js';
import { STREAM } from '../journal/stream.jetstream.js';
import { openUpStream } from '../link/up-stream.nats.js';
import type { PolicySource } from '../policy/policy.js';
import { openFleetBundles } from '../registry/bundles.nats.js';
import { registryHandlers } from '../registry/registry.grpc.js';
import { fleetHandlers } from '../api/fleet.grpc.js';
import type { CallerOf } from '../trust/caller.grpc.js';
import { verifyJournal } from '../world/entry-log.loop.js';
import { countNothingYet } from '../world/figures.loop.js';
import { listHosts, routed } from './api.grpc.js';
import { fleetLedger } from './fleet-ledger.nats.js';
import { followFleet } from './follower.nats.js';
import { leadFleet } from './lead-fleet.loop.js';
import { leadPartition, type LeadDeps, type LedPartition } from './lead-partition.loop.js';
import { keepLeases } from './leases.nats.js';
import { nobody } from './nobody.js';
import { hearRestraints } from './restraints.nats.js';
import { answerForSeen, whoHasSeen } from './seen.nats.js';
import { openSnapshots } from './snapshots.nats.js';
import { watchStores } from './stores.loop.js';
import { openWitness } from '../journal/witness.fs.js';

export interface FleetOrchestratorSettings {
  readonly version: string;
  /** Its name among the orchestrators. */
  readonly name: string;
  readonly stateDir: string;
  readonly runDir: string;
  readonly nats: Nats;
  readonly policy: PolicySource;
  /** Copies of new streams, on so many servers. */
  readonly replicaCount: number;
  readonly allowLossy: boolean;
  /** Absent: nobody calls over TCP. */
  readonly listen?: Listen;
}

const API_MS_MAX = 10_000;

/** Only hosts are restrained, and not what holds for all. */
type Leading = Closeable & Partial<Pick<LedPartition, 'restrain'>>;

/** Until the machines of a partition that was taken over have said hello, and got what they wait for. */
const TAKEN_OVER_MS = 15_000;

const BUNDLES_STREAM = `OBJ_${BUNDLES_BUCKET}`;
const journalsLost = 'the journals were deleted: nothing runs until they are put back';
const upStreamLost =
  'what machines of a partition had said was deleted: they say again what they were not told is in a journal';

function bundlesLost(ids: readonly string[]): string {
  return `the bundles were deleted: add every updater again, as it was (${ids.join(', ')}); machines that have theirs go on meanwhile`;
}

export async function startFleetOrchestrator(
  settings: FleetOrchestratorSettings,
  { clock, log }: { clock: Clock; log: Log },
): Promise<Closeable> {
  const { version, name, stateDir, runDir, nats, policy, replicaCount, allowLossy } = settings;
  const opened = new CloseStack(log);
  const heap = opened.add('heap', compactHeap(clock));
  try {
    countNothingYet();
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const js = jetstream(nats.connection, { timeout: API_MS_MAX });
    const jsm = await jetstreamManager(nats.connection, { timeout: API_MS_MAX });
    const file = join(stateDir, 'journals-seen.json');
    const witness = opened.add('witness', await openWitness({ file, allowLossy, log }));
    const answers = opened.add('seen', answerForSeen(nats, name, log));
    if (witness.hasSeen) answers.begin();
    const saw = (partition: string, head: Head): void => {
      if (head.sequence === 0) return;
      witness.saw(partition, head);
      answers.begin();
    };
    /** None is begun beside those that this one, or another, has seen. */
    const mayBegin = async (): Promise<boolean> => {
      if (witness.hasSeen) return false;
      const other = await whoHasSeen(nats);
      if (other !== undefined) log.info({ orchestrator: other }, 'another one has seen journals');
      return other === undefined;
    };
    const openJournal = (partition: string) =>
      witness.confirmed(partition, async () => {
        const mayCreate = allowLossy || (await mayBegin());
        const options = { partition, log, replicaCount, allowLossy, mayCreate };
        return await openJournalOn(nats.connection, options);
      });
    const fleetJournal = await openJournal(FLEET_PARTITION); // Refused here, and not at each lead.
    saw(FLEET_PARTITION, await fleetJournal.head());
    await fleetJournal.close();
    const openUp = (partition: string) => openUpStream(jsm, partition, replicaCount);
    await Promise.all(partitions.map(openUp));
    const bundles = await openFleetBundles({
      ...{ js, directory: join(stateDir, 'bundles'), replicaCount, clock },
    });
    const retry = () => policy.current().retry;
    const follower = opened.add('follower', await followFleet({ js, retry, clock, log }));

    const led = new Map<string, Leading>();
    const fleet = opened.add(
      'ledger',
      fleetLedger({
        ...{ nats, follower, whyNobody: () => witness.lost, clock, log },
        verify: async (known) => {
          const kept = { partition: FLEET_PARTITION, replicaCount, mayCreate: false, log };
          const journal = await openJournalOn(nats.connection, { ...kept, allowLossy: true });
          return await verifyJournal(journal, known).finally(journal.close);
        },
      }),
    );
    const groupLock = opened.add(
      'groups',
      await openGroupLock({
        ...{ js, clock, log, pause, random: Math.random, replicaCount, settleMs: SETTLE_MS },
        placesOf: (group) =>
          policy.current().groups.find(({ name: each }) => each === group)?.atOnceMax ?? 0,
      }),
    );
    const deps: LeadDeps = {
      ...{ nats, jsm, openJournal, saw, follower, fleet, groupLock, bundles, version, policy },
      ...{ snapshotsOf: openSnapshots(js, replicaCount), replicaCount, clock, log },
    };
    const restraints = opened.add(
      'restraints',
      hearRestraints(
        nats,
        follower,
        (restraint) => {
          for (const { restrain } of led.values()) restrain?.(restraint);
        },
        log,
      ),
    );
    const stopLeading = async (partition: string): Promise<void> => {
      const leading = led.get(partition);
      led.delete(partition);
      await leading?.close();
    };
    const leases = opened.add(
      'leases',
      await keepLeases({
        nats,
        self: name,
        partitions: [FLEET_PARTITION, ...partitions],
        replicaCount,
        clock,
        log,
        onTaken: async (partition) => {
          heap.burst(TAKEN_OVER_MS);
          const lead = partition === FLEET_PARTITION ? leadFleet : leadPartition;
          const leading: Leading = await lead(partition, deps, () => {
            leases.giveUp(partition);
          });
          led.set(partition, leading);
          for (const restraint of restraints.unrecorded()) leading.restrain?.(restraint);
          log.info({ partition }, 'leading a partition');
        },
        onReleased: stopLeading,
      }),
    );

    opened.add(
      'stores',
      watchStores({
        ...{ jsm, clock, log },
        stores: [
          {
            stream: STREAM,
            words: () => journalsLost,
            // Whoever tries to lead again is refused, and says what is missing.
            mend: () => {
              for (const partition of [...led.keys()]) leases.giveUp(partition);
            },
          },
          ...partitions.map((partition) => ({
            stream: upStreamOf(partition),
            words: () => upStreamLost,
            mend: () => openUp(partition),
          })),
          {
            stream: BUNDLES_STREAM,
            words: () => bundlesLost([...follower.world.updaters.keys()]),
            mend: bundles.makeAgain,
          },
        ],
      }),
    );

    const wake = (): void => undefined; // Whoever follows the fleet's journal wakes its machines.
    const progress = createProgressFeed();
    const apiFor = (callerOf: CallerOf) => (server: Server) => {
      const forAll = operatorHandlers({
        ...{ version, clock, policy: policy.current, ledger: fleet, wake, callerOf },
        ...{ ...nobody, progress },
      });
      server.addService(OperatorServiceService, routed({ nats, js, log, callerOf }, forAll));
      server.addService(
        FleetServiceService,
        fleetHandlers({
          ...{ ledger: fleet, policy: policy.current, clock, wake, callerOf },
          ...{ groups: groupLock, problem: leases.problem },
          listHosts: (request) => listHosts(nats, request),
        }),
      );
      server.addService(
        RegistryServiceService,
        registryHandlers({
          ledger: fleet,
          policy: policy.current,
          bundles,
          clock,
          log,
          wake,
          callerOf,
        }),
      );
    };
    const { listen } = settings;
    opened.add('api', await serveApi({ runDir, listen, log }, apiFor));
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}
