// Leading a partition: its journal, its machines, and what they say.

import { randomBytes } from 'node:crypto';
import type { JetStreamManager } from '@nats-io/jetstream';
import { RunProgress } from '../../proto/gen/lull/operator/v1/operator.js';
import { subjects } from '../../proto/subjects.js';
import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import { CloseStack, type Closeable } from '../../runtime/shutdown.js';
import type { GroupLock } from '../groups/group-lock.js';
import type { Checkpoints } from '../journal/checkpoints.fs.js';
import type { Fact } from '../journal/fact.js';
import type { Journal } from '../journal/journal.js';
import { serveHosts } from '../link/hosts.nats.js';
import { say } from '../link/say.nats.js';
import type { PolicySource } from '../policy/policy.js';
import { noted } from '../policy/noted.js';
import type { Bundles } from '../registry/bundles.fs.js';
import type { SnapshotStore } from '../world/partition-fold.loop.js';
import { openPartition, type Partition } from '../world/partition.loop.js';
import { isRestraint, type Restraint } from '../world/restraints.js';
import { serveCalls } from './calls.nats.js';
import { copyFleet } from './copy-fleet.loop.js';
import type { FleetLedger } from './fleet-ledger.nats.js';
import type { FleetFollower } from './follower.nats.js';
import { releaseLeftPlaces } from './left-places.loop.js';
import { openRoom, type Room } from './room.loop.js';
import { createPace } from './pace.loop.js';
import { createWave } from './wave.loop.js';
import type { Witness } from '../journal/witness.fs.js';

/** A journal that is written here. */
export interface Led extends Closeable {
  /** Whether what is to be written waits for room on its server. */
  readonly isFull: () => boolean;
}

export interface LedPartition extends Led {
  readonly name: string;
  readonly partition: Partition;
  /** In force at once, for every machine of it. */
  restrain(restraint: Restraint): void;
}

export interface LeadDeps {
  readonly nats: Nats;
  readonly jsm: JetStreamManager;
  readonly openJournal: (partition: string) => Promise<Journal>;
  readonly snapshotsOf: (partition: string) => SnapshotStore;
  readonly saw: Witness['saw'];
  readonly follower: FleetFollower;
  readonly fleet: FleetLedger;
  readonly groupLock: GroupLock;
  readonly bundles: Pick<Bundles, 'keepOnly'>;
  readonly version: string;
  readonly checkpoints: Checkpoints;
  /** Copies of a stream that is made again. */
  readonly replicaCount: number;
  readonly policy: PolicySource;
  readonly clock: Clock;
  readonly log: Log;
}

/** @param onLost called once, when another one has written the journal, or nobody can any more. */
export async function leadPartition(
  name: string,
  deps: LeadDeps,
  onLost: () => void,
): Promise<LedPartition> {
  const { nats, jsm, follower, version, replicaCount, policy, clock } = deps;
  const log = deps.log.child({ partition: name });
  const opened = new CloseStack(log);
  const rooms = new Map<string, Room>();
  let closed = false;
  try {
    const journal = opened.add('journal', await deps.openJournal(name));
    const retry = () => policy.current().retry;
    const snapshots = deps.snapshotsOf(name);
    const partition = await openPartition({ journal, clock, retry, snapshots, log });
    opened.add('partition', partition);
    partition.onBroken(onLost);
    // The fence: whoever led before cannot write any more.
    const start = noted(policy.current(), follower.world.updaters.values());
    await partition.append([{ kind: 'orchestrator.started', version, ...start }]);
    const bearWitness = (): void => {
      deps.saw(name, partition.head);
    };
    opened.add('witness', { close: bearWitness });
    bearWitness();

    const wave = createWave();
    opened.add('wave', wave);
    const pace = opened.add('pace', createPace(clock));
    const wakeAll = (): void => {
      wave.rise([...rooms.values()].map(({ wake }) => wake));
    };
    /** For a restraint: whoever holds nothing that it could stop sees it in its next turn. */
    const wakeHolders = (): void => {
      const holders = [...rooms.values()].filter((room) => room.holdsSomething());
      wave.fall(holders.map(({ wake }) => wake));
    };
    const onNews = (news: readonly Fact[]): void => {
      if (!news.every(isRestraint)) wakeAll();
      else if (news.length > 0) wakeHolders();
    };
    opened.add('copying', await copyFleet({ follower, partition, onNews, clock, log }));

    const roomOf = (hostId: string): Room => {
      const known = rooms.get(hostId);
      if (known !== undefined) return known;
      const ledger = partition.ledgerOf(hostId);
      const room = openRoom({
        hostId,
        ledger,
        version,
        policy: policy.current,
        clock,
        log,
        pace,
        checkpoints: deps.checkpoints,
        note: deps.fleet.note,
        groupLock: deps.groupLock,
        onProgress: (progress) => {
          say(nats.connection, subjects.progress(hostId), RunProgress.encode(progress).finish());
        },
      });
      rooms.set(hostId, room);
      return room;
    };
    opened.add('rooms', {
      close: async () => {
        await Promise.all([...rooms.values()].map(async (room) => room.close()));
      },
    });
    const releaseLeft = (): void => {
      void releaseLeftPlaces({
        partition: name,
        lock: deps.groupLock,
        policy: policy.current,
        log,
      });
    };
    releaseLeft();
    opened.add('policy', {
      close: policy.onChange(() => {
        wakeHolders(); // What it forbids now stops before any server has heard of it.
        wakeAll();
        releaseLeft();
        const change = noted(policy.current(), follower.world.updaters.values());
        if (change.distrusted !== undefined) {
          const { distrusted } = change;
          log.warn({ distrusted }, 'policy does not trust what was accepted: nothing of it runs');
        }
        const changed = { kind: 'policy.changed', ...change } as const;
        partition.append([changed]).catch((error: unknown) => {
          log.error({ err: error }, 'the change of policy was not recorded');
        });
      }),
    });
    const leaderId = randomBytes(8).toString('hex');
    const onDeaf = (error?: unknown): void => {
      if (closed) return;
      log.error({ err: error }, 'the hosts of a partition are not heard any more');
      onLost();
    };
    opened.add(
      'hosts',
      await serveHosts({
        ...{ nats, jsm, replicaCount, partition: name, leaderId, onDeaf, clock, log },
        attendantOf: roomOf,
        isKnown: partition.isKnown,
      }),
    );
    // Closed first: a call that comes while the rest is closed is for whoever leads next.
    const { hosts, isKnown } = partition;
    opened.add('calls', serveCalls({ nats, partition: name, roomOf, hosts, isKnown, log }));
    return {
      name,
      partition,
      isFull: partition.isFull,
      restrain: (restraint) => {
        partition.imposeOnAll(restraint);
        wakeHolders();
      },
      close: () => {
        closed = true;
        return opened.close();
      },
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
