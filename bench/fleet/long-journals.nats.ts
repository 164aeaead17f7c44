// A fleet that has been there for weeks: each partition has a snapshot, and entries after it.

import { partitions } from '../../proto/subjects.js';
import { createLog } from '../../runtime/log.js';
import { connectNats } from '../../runtime/nats.js';
import { until } from '../../runtime/until.testing.js';
import type { OneServerStage } from '../../test/fleet/fleet-stage.js';
import { linesOf } from '../../test/fleet/led.js';
import { hourOfMachine, lengthen } from '../../test/fleet/long-journal.nats.js';

const SNAPSHOTS_MS_MAX = 180_000;

export interface Length {
  /** Machines of each partition that its journal speaks of, besides those that are there. */
  readonly machines: number;
  /** Entries of each partition that its snapshot passes over, and that come after it. */
  readonly before: number;
  readonly after: number;
}

/** Nobody leads meanwhile, but one that takes the snapshots. */
export async function makeLong(stage: OneServerStage, length: Length): Promise<void> {
  await write(stage, length.before, length.machines);
  const maker = await stage.orchestrator('maker');
  await until(
    'each partition has its snapshot',
    () => linesOf(maker, 'a snapshot was taken').length >= partitions.length,
    { withinMs: SNAPSHOTS_MS_MAX, everyMs: 100 },
  );
  await maker.stop();
  await write(stage, length.after, length.machines);
}

async function write({ server }: OneServerStage, count: number, machines: number): Promise<void> {
  const log = createLog('bench', 'silent');
  const nats = await connectNats({ url: server.url, name: 'weeks', log });
  try {
    for (const partition of partitions) {
      await lengthen(nats, partition, count, (at) => hourOfMachine(at, machines));
    }
  } finally {
    await nats.close();
  }
}
