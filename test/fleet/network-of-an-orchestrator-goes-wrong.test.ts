// Between one of two orchestrators and their fleet's server the network goes wrong: the other serves its
// machines, and nothing is done twice.

import { beforeEach, expect } from '@jest/globals';
import { natsServerProgram } from '../../runtime/nats-server.testing.js';
import { fleetTest } from '../support/confinement.js';
import type { Fault, FaultProxy } from '../support/fault-proxy.tcp.js';
import { stageForEach } from './on-stage.js';
import { hasLedAll, ledBy } from './led.js';
import { everythingOnce, inMidScan } from './once.js';

const HOSTS = 8;
/** Half-open connections are noticed after 30 s at the latest (docs/operators.md). */
const MS_MAX = 240_000;

const faults: readonly (readonly [string, Fault])[] = [
  ['connections are reset', { kind: 'cut' }],
  ['connections are half-open', { kind: 'half-open' }],
  ['nothing arrives at the server', { kind: 'one-way', lost: 'to the server' }],
  ['nothing comes from the server', { kind: 'one-way', lost: 'to the client' }],
];

const stage = stageForEach();
let network: FaultProxy;

beforeEach(async () => {
  if (natsServerProgram !== undefined) network = await stage().network();
});

for (const [what, fault] of faults) {
  fleetTest(
    `${what}: the other serves its machines, and it takes its share again when it is back`,
    async () => {
      const first = await stage().orchestrator('orchestrator-1', network);
      const second = await stage().orchestrator('orchestrator-2');
      const hosts = await Promise.all(
        Array.from({ length: HOSTS }, (_, index) =>
          stage().machine({ hostId: `machine-${String(index)}`, runMs: 1_500 }),
        ),
      );
      let takenCount = 0;
      await inMidScan(stage(), hosts, first, () => {
        ({ takenCount } = network);
        network.become(fault);
      });
      await stage().until('the other leads everything', () => hasLedAll(second));
      // Long before it has given up its connection and tried others.
      if (fault.kind !== 'cut') expect(network.takenCount).toBe(takenCount);
      const led = ledBy(second).length;
      await everythingOnce(stage(), hosts, second);
      if (fault.kind === 'one-way') {
        await stage().until('the connection is given up', () => network.takenCount > takenCount);
      }
      // Nor has it given any of them back meanwhile to one that only seemed to be there.
      expect(ledBy(second).length).toBe(led);
      const before = ledBy(first).length;
      network.become({ kind: 'none' });
      await stage().until('it leads again', () => ledBy(first).length > before);
      await everythingOnce(stage(), hosts, first);
    },
    MS_MAX,
  );
}
