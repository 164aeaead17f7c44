// Ten thousand machines in one process, over a few connections, as far as an orchestrator can tell.

import type { CloseStack } from '../../runtime/shutdown.js';
import { systemClock } from '../../runtime/clock.js';
import { createLog } from '../../runtime/log.js';
import { connectNats } from '../../runtime/nats.js';
import { startFleetHost, type FleetHost } from '../../test/fleet/fleet-host.nats.js';
import { pause } from '../../runtime/deadline.js';

const CONNECTIONS = 16;
/** Machines that say hello before the next ones do. */
const AT_ONCE = 200;
const RUN_MS = 200;

/** @param updates what a scan of each finds. */
export async function startCrowd(
  url: URL,
  count: number,
  opened: CloseStack,
  updates: readonly string[] = ['update'],
): Promise<readonly FleetHost[]> {
  const log = createLog('bench', 'silent');
  const connections = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => connectNats({ url, name: 'a crowd', log })),
  );
  const hosts: FleetHost[] = [];
  opened.add('crowd', {
    close: async () => {
      await Promise.all(hosts.map((each) => each.close())); // None comes back without a connection.
      await Promise.all(connections.map(async (each) => each.close()));
    },
  });
  for (let index = 0; index < count; index += 1) {
    const nats = connections[index % CONNECTIONS];
    if (nats === undefined) throw new Error('there are no connections');
    hosts.push(
      startFleetHost({
        ...{ nats, hostId: `host-${String(index)}`, updates, runMs: RUN_MS },
        ...{ clock: systemClock, log },
      }),
    );
    if (index % AT_ONCE === AT_ONCE - 1) await pause(20);
  }
  return hosts;
}

/** Runs that came to their end more than once. */
export function doubledRuns(hosts: readonly FleetHost[]): number {
  let doubled = 0;
  for (const { finished } of hosts) {
    doubled += finished.length - new Set(finished.map(({ runId }) => runId)).size;
  }
  return doubled;
}
