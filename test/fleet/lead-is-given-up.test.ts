// A lead is given up while its claim is on its way to be renewed: it is not claimed on by one who does not
// lead it any more, and is taken again.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { keepLeases } from '../../orchestrator/fleet/leases.nats.js';
import { systemClock } from '../../runtime/clock.js';
import { pause } from '../../runtime/deadline.js';
import { createLog } from '../../runtime/log.js';
import { startNatsServer } from '../../runtime/nats-server.testing.js';
import { connectNats } from '../../runtime/nats.js';
import { CloseStack } from '../../runtime/shutdown.js';
import { fleetTest } from '../support/confinement.js';
import { startFaultProxy } from '../support/fault-proxy.tcp.js';

const MS_MAX = 60_000;
/** Of a renewal, there and back: most of the time there is one on its way. */
const LATE_MS = 150;
const TIMES = 6;
const WAIT_MS_MAX = 8_000;

fleetTest(
  'a partition whose lead is given up is led again, at whatever moment of a renewal that is',
  async () => {
    const log = createLog('test', 'silent');
    const directory = mkdtempSync(join(tmpdir(), 'lull-l-'));
    const opened = new CloseStack(log);
    try {
      const server = opened.add('server', await startNatsServer({ directory }));
      const network = opened.add('network', await startFaultProxy(server.url));
      const nats = opened.add('NATS', await connectNats({ url: network.url, name: 'test', log }));
      let takenCount = 0;
      const leases = opened.add(
        'leases',
        await keepLeases({
          ...{ nats, self: 'one', partitions: ['p0'], replicaCount: 1, clock: systemClock, log },
          onTaken: () => {
            takenCount += 1;
            return Promise.resolve();
          },
          mayLead: () => true,
          onReleased: () => Promise.resolve(),
        }),
      );
      network.become({ kind: 'delay', ms: LATE_MS });
      for (let time = 1; time <= TIMES; time += 1) {
        const giveUpAtMs = performance.now() + WAIT_MS_MAX;
        while (takenCount < time && performance.now() < giveUpAtMs) await pause(5);
        expect(takenCount).toBe(time);
        await pause(600 + time * 70);
        leases.giveUp('p0');
      }
    } finally {
      await opened.close();
      rmSync(directory, { recursive: true });
    }
  },
  MS_MAX,
);
