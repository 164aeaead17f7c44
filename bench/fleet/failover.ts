// Failover: one of two orchestrators is killed, and the machines of its partitions are served by the other.
//
//   kill -9 of the one                                                  0
//   its leases expire, the other takes them and reads the journals
//   each of its partitions has a machine that the other has welcomed    measured: the last one

import type { RunningLull } from '../../harness/lull.spawn.js';
import { FLEET_PARTITION, partitionOf } from '../../proto/subjects.js';
import { pause } from '../../runtime/deadline.js';
import { until } from '../../runtime/until.testing.js';
import { CloseStack } from '../../runtime/shutdown.js';
import { createLog } from '../../runtime/log.js';
import { openFleetStage } from '../../test/fleet/fleet-stage.js';
import type { FleetHost } from '../../test/fleet/fleet-host.nats.js';
import { allPartitions, ledBy } from '../../test/fleet/led.js';
import { startCrowd } from './crowd.nats.js';

/** Enough that every partition has some. */
const HOSTS = 320;
const patience = { withinMs: 120_000 };
/** The hellos that a new one causes are over by then. */
const SETTLED_MS = 2_000;

/** Seconds, for each time that one was killed. */
export async function failover(repeats: number): Promise<number[]> {
  const opened = new CloseStack(createLog('bench', 'silent'));
  try {
    const stage = await openFleetStage();
    opened.add('stage', stage);
    let count = 0;
    const another = (): Promise<RunningLull> => {
      count += 1;
      return stage.orchestrator(`orchestrator-${String(count)}`);
    };
    let first = await another();
    const crowd = await startCrowd(stage.server.url, HOSTS, opened);
    await until(
      'everybody is welcomed',
      () => crowd.every((host) => host.welcomedCount > 0),
      patience,
    );
    const took: number[] = [];
    while (took.length < repeats) {
      const second = await another();
      await until(
        'it leads its share',
        () => ledBy(second).length >= Math.floor(allPartitions.length / 2),
        patience,
      );
      await pause(SETTLED_MS);
      took.push((await takenOver(first, second, crowd)) / 1_000);
      first = second;
    }
    return took;
  } finally {
    await opened.close();
  }
}

async function takenOver(
  dying: RunningLull,
  other: RunningLull,
  crowd: readonly FleetHost[],
): Promise<number> {
  const before = crowd.map(({ welcomedCount }) => welcomedCount);
  const ledBefore = ledBy(other).length;
  const startMs = performance.now();
  process.kill(dying.pid, 'SIGKILL');
  const welcomedMs = new Map<string, number>();
  await until(
    'its partitions are served',
    () => {
      crowd.forEach(({ hostId, welcomedCount }, at) => {
        const partition = partitionOf(hostId);
        if (welcomedCount > (before[at] ?? 0) && !welcomedMs.has(partition)) {
          welcomedMs.set(partition, performance.now() - startMs);
        }
      });
      const led = ledBy(other);
      const taken = led.slice(ledBefore).filter((partition) => partition !== FLEET_PARTITION);
      return led.length >= allPartitions.length && taken.every((each) => welcomedMs.has(each));
    },
    patience,
  );
  await dying.exited;
  return Math.max(...welcomedMs.values());
}
