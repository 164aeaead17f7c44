// Failover: one of two orchestrators is killed, and the machines of its partitions are served by the other.
//
//   kill -9 of the one; at each of its machines the person has just left  0
//   its leases expire, the other takes them and reads the journals
//   each of its partitions has a machine that the other has welcomed      served: the last one
//   each of its machines has something to do                              granted: the last one
//
// A handover is the same with SIGTERM instead of `kill -9`: an orchestrator that is stopped, as for an upgrade.
//
// With long journals each partition has a snapshot, and as many entries after it as there are about to be
// before the next one.

import type { RunningLull } from '../../harness/lull.spawn.js';
import { partitionOf } from '../../proto/subjects.js';
import { pause } from '../../runtime/deadline.js';
import { until } from '../../runtime/until.testing.js';
import { CloseStack } from '../../runtime/shutdown.js';
import { createLog } from '../../runtime/log.js';
import type { OneServerStage } from '../../test/fleet/fleet-stage.js';
import type { FleetHost } from '../../test/fleet/fleet-host.nats.js';
import { allPartitions, ledBy, linesOf } from '../../test/fleet/led.js';
import { startCrowd } from './crowd.nats.js';
import { makeLong, type Length } from './long-journals.nats.js';
import { openStage } from './stage.js';

/** Enough that every partition has some. */
const HOSTS = 320;
const patience = { withinMs: 120_000 };
/** The hellos that a new one causes are over by then. */
const SETTLED_MS = 2_000;

/** How the one ends. */
type End = 'SIGKILL' | 'SIGTERM';

/** Of one that ended. */
export interface Failover {
  readonly servedS: number;
  readonly grantedS: number;
  /** Of the longest piece of a journal that the other had to read. */
  readonly entriesRead: number;
}

/** @param outer closes it as well, after a signal. `length` is that of the journals; absent: as long as they become by this. */
export async function failover(
  repeats: number,
  outer: CloseStack,
  { end = 'SIGKILL', length }: { readonly end?: End; readonly length?: Length } = {},
): Promise<Failover[]> {
  const opened = outer.add('failover', new CloseStack(createLog('bench', 'silent')));
  try {
    const stage = await openStage(opened);
    if (length !== undefined) await makeLong(stage, length);
    let first = await stage.orchestrator('orchestrator-1');
    const crowd = await attached(stage, repeats, opened);
    await stage.accept(first);
    const took: Failover[] = [];
    while (took.length < repeats) {
      const second = await stage.orchestrator(`orchestrator-${String(took.length + 2)}`);
      await until(
        'it leads its share',
        () => ledBy(second).length >= Math.floor(allPartitions.length / 2),
        patience,
      );
      await pause(SETTLED_MS);
      took.push(await takenOver(first, second, crowd, end));
      first = second;
    }
    return took;
  } finally {
    await opened.close();
  }
}

/** Somebody is at each machine, and there is an update for each time that somebody leaves. */
async function attached(
  { server }: OneServerStage,
  repeats: number,
  opened: CloseStack,
): Promise<readonly FleetHost[]> {
  const updates = Array.from({ length: 2 * repeats }, (_, at) => `update-${String(at)}`);
  const crowd = await startCrowd(server.url, HOSTS, opened, updates);
  for (const host of crowd) host.see('engaged');
  await until(
    'everybody is welcomed',
    () => crowd.every((host) => host.welcomedCount > 0),
    patience,
  );
  return crowd;
}

async function takenOver(
  dying: RunningLull,
  other: RunningLull,
  crowd: readonly FleetHost[],
  end: End,
): Promise<Failover> {
  const ledBefore = ledBy(other);
  const orphans = crowd.filter(({ hostId }) => !ledBefore.includes(partitionOf(hostId)));
  const orphaned = new Set(orphans.map(({ hostId }) => partitionOf(hostId)));
  const welcomes = orphans.map(({ welcomedCount }) => welcomedCount);
  const grants = orphans.map(({ granted }) => granted.length);
  const startMs = performance.now();
  process.kill(dying.pid, end);
  for (const host of orphans) host.see('away');
  const welcomedMs = new Map<string, number>();
  const grantedMs = new Map<string, number>();
  const look = (host: FleetHost, at: number): void => {
    const { hostId, welcomedCount, granted } = host;
    const partition = partitionOf(hostId);
    const passedMs = performance.now() - startMs;
    if (welcomedCount > (welcomes[at] ?? 0) && !welcomedMs.has(partition)) {
      welcomedMs.set(partition, passedMs);
    }
    if (granted.length === grants[at] || grantedMs.has(hostId)) return;
    grantedMs.set(hostId, passedMs);
    host.see('engaged');
  };
  await until(
    'its machines are served, and have something to do',
    () => {
      orphans.forEach(look);
      return welcomedMs.size === orphaned.size && grantedMs.size === orphans.length;
    },
    patience,
  );
  await dying.exited;
  const taken = ledBy(other).slice(ledBefore.length);
  return {
    servedS: Math.max(...welcomedMs.values()) / 1_000,
    grantedS: Math.max(...grantedMs.values()) / 1_000,
    entriesRead: entriesReadBy(other, taken),
  };
}

/** The most that it read of one of these. */
function entriesReadBy(lull: RunningLull, taken: readonly string[]): number {
  const reads = linesOf(lull, 'a journal was read').filter(({ partition = '' }) =>
    taken.includes(partition),
  );
  return Math.max(0, ...reads.map(({ after = 0, upTo = 0 }) => upTo - after));
}
