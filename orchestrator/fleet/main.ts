// An orchestrator of a fleet: leads its share of the partitions, follows what holds for all, and serves
// the same API as every other one.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { FLEET_PARTITION, GROUPS_BUCKET, LEASES_BUCKET, partitions } from '../../proto/subjects.js';
import type { Clock } from '../../runtime/clock.js';
import { pause, within } from '../../runtime/deadline.js';
import { compactHeap } from '../../runtime/heap.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import { CloseStack, type Closeable } from '../../runtime/shutdown.js';
import { serveApi, type Listen } from '../api/serve.grpc.js';
import { openGroupLock, SETTLE_MS } from '../groups/group-lock.kv.js';
import { checkpointsIn } from '../journal/checkpoints.fs.js';
import { openJournalOn } from '../journal/open.jetstream.js';
import { openUpStream } from '../link/up-stream.nats.js';
import type { PolicySource } from '../policy/policy.js';
import { openFleetBundles } from '../registry/bundles.nats.js';
import { JOURNAL_FULL } from '../world/entry-log.loop.js';
import { verifyJournal } from '../world/verify-journal.loop.js';
import { countNothingYet } from '../world/figures.loop.js';
import { watchCopies } from './copies.loop.js';
import { fleetLedger } from './fleet-ledger.nats.js';
import { followFleet } from './follower.nats.js';
import { openJournals } from './journals.nats.js';
import { keptStores } from './kept.nats.js';
import { leadFleet } from './lead-fleet.loop.js';
import {
  leadPartition,
  type Led,
  type LeadDeps,
  type LedPartition,
} from './lead-partition.loop.js';
import { keepLeases } from './leases.nats.js';
import { hearRestraints } from './restraints.nats.js';
import { fleetApi } from './serve.grpc.js';
import { openSnapshots } from './snapshots.nats.js';
import { noticeOf } from './standing.js';
import { startWhenWithinReach } from './start.loop.js';
import { watchStores } from './stores.loop.js';

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
const THERE_MS_MAX = 2_000;

/** Only hosts are restrained, and not what holds for all. */
type Leading = Led & Partial<Pick<LedPartition, 'restrain'>>;

/** Until the machines of a partition that was taken over have said hello, and got what they wait for. */
const TAKEN_OVER_MS = 15_000;

/** @returns undefined when `signal` was aborted before JetStream could answer. */
export function startFleetOrchestrator(
  settings: FleetOrchestratorSettings,
  deps: { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal },
): Promise<Closeable | undefined> {
  return startWhenWithinReach(() => startOrchestrator(settings, deps), deps);
}

async function startOrchestrator(
  settings: FleetOrchestratorSettings,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<Closeable> {
  const { version, name, stateDir, runDir, nats, policy, replicaCount, allowLossy } = settings;
  const opened = new CloseStack(log);
  const heap = opened.add('heap', compactHeap(clock));
  try {
    countNothingYet();
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const js = jetstream(nats.connection, { timeout: API_MS_MAX });
    const jsm = await jetstreamManager(nats.connection, { timeout: API_MS_MAX, checkAPI: false });
    // A cluster that nobody leads yet leaves this without an answer.
    await within(jsm.getAccountInfo(), THERE_MS_MAX, 'asking whether it is there');
    const journals = opened.add(
      'journals',
      await openJournals({ nats, name, stateDir, replicaCount, allowLossy, log }),
    );
    const { saw, open: openJournal } = journals;
    const fleetJournal = await openJournal(FLEET_PARTITION); // Refused here, and not at each lead.
    saw(FLEET_PARTITION, await fleetJournal.head());
    await fleetJournal.close();
    const openUp = (partition: string) => openUpStream(jsm, partition, replicaCount);
    await Promise.all(partitions.map(openUp));
    const bundles = await openFleetBundles({
      ...{ js, directory: join(stateDir, 'bundles'), replicaCount, clock },
    });
    const retry = () => policy.current().retry;
    const led = new Map<string, Leading>();
    const giveUpAll = (): void => {
      for (const partition of [...led.keys()]) leases.giveUp(partition);
    };
    const follower = opened.add(
      'follower',
      await followFleet({ nats, js, retry, onStopped: giveUpAll, clock, log }),
    );
    if (follower.stopped !== undefined) throw follower.stopped;

    const fleet = opened.add(
      'ledger',
      fleetLedger({
        ...{ nats, follower, whyNobody: () => journals.witness.lost, clock, log },
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
    const checkpoints = checkpointsIn(stateDir);
    const deps: LeadDeps = {
      checkpoints,
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
        mayLead: () => follower.stopped === undefined,
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

    const stores = keptStores({
      ...{ giveUpAll, openUp, makeBundlesAgain: bundles.makeAgain },
      updaterIds: () => follower.world.updaters.keys(),
    });
    opened.add('stores', watchStores({ jsm, stores, clock, log }));
    const streams = [
      ...stores.map(({ stream }) => stream),
      ...[LEASES_BUCKET, GROUPS_BUCKET].map((bucket) => `KV_${bucket}`),
    ];
    const isClustered = () => nats.connection.info?.cluster !== undefined;
    const watched = { jsm, streams, wantedCount: replicaCount, isClustered, clock, log };
    const copies = opened.add('copies', watchCopies(watched));
    const full = () =>
      [...led.values()].some(({ isFull }) => isFull()) ? JOURNAL_FULL : undefined;
    const notice = () => noticeOf([full(), copies.notice()]);

    const problem = () => follower.stopped?.message ?? leases.problem();
    const served = {
      version,
      nats,
      js,
      ledger: fleet,
      checkpoints,
      policy,
      bundles,
      groups: groupLock,
    };
    const api = fleetApi({ ...served, problem, notice, clock, log });
    const { listen } = settings;
    opened.add('api', await serveApi({ runDir, listen, clock, log }, api));
    opened.add('server out of reach', {
      // Nothing can be given back to it: who would say so waits for each of its deadlines.
      close: async () => {
        if (nats.isOutOfReach()) await nats.close();
      },
    });
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}
