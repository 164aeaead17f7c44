// An orchestrator stands still for longer than its leases, and wakes up believing that it still leads.

import { expect } from '@jest/globals';
import { timesDone } from './fleet-host.nats.js';
import { fleetTest } from '../support/confinement.js';
import { stageForEach } from './on-stage.js';
import { hasLedAll, ledBy } from './led.js';
import { everythingOnce, inMidScan } from './once.js';

const HOSTS = 16;
const MS_MAX = 240_000;

const stage = stageForEach();

fleetTest(
  'the journal takes the entries of one, and nothing runs twice',
  async () => {
    const first = await stage().orchestrator('orchestrator-1');
    await stage().until('it leads everything', () => hasLedAll(first));
    const hosts = await Promise.all(
      Array.from({ length: HOSTS }, (_, index) =>
        stage().machine({ hostId: `machine-${String(index)}`, runMs: 2_000 }),
      ),
    );
    await inMidScan(stage(), hosts, first, () => {
      process.kill(first.pid, 'SIGSTOP');
    });
    try {
      const second = await stage().orchestrator('orchestrator-2');
      await stage().until('the other leads everything', () => hasLedAll(second));
      await stage().until('scans have ended with it', () =>
        hosts.some((host) => timesDone(host)['scan'] === 1),
      );
      const led = ledBy(first).length;
      process.kill(first.pid, 'SIGCONT');
      await everythingOnce(stage(), hosts, second);
      await stage().until('the first leads its share again', () => ledBy(first).length > led);
      await everythingOnce(stage(), hosts, first);
      const running = await Promise.race([first.exited, Promise.resolve('still there')]);
      expect(running).toBe('still there');
    } finally {
      process.kill(first.pid, 'SIGCONT');
    }
  },
  MS_MAX,
);
