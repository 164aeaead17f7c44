// Between machines and their fleet's server the network goes wrong in every way that it can: nothing is
// lost, and nothing is done twice.

import { beforeEach, describe } from '@jest/globals';
import { natsServerProgram } from '../../runtime/nats-server.testing.js';
import type { Fault, FaultProxy } from '../support/fault-proxy.tcp.js';
import { timesDone, type FleetHost } from './fleet-host.nats.js';
import { fleetTest } from '../support/confinement.js';
import { stageForEach } from './on-stage.js';
import { everythingOnce, inMidScan } from './once.js';

const HOSTS = 8;
/** A server waits 2 s for whoever connects to say who that is. */
const LATER_THAN_MS = 2_500;
/** Half-open connections are noticed after 30 s at the latest (docs/operators.md). */
const MS_MAX = 240_000;

const faults: readonly (readonly [string, Fault])[] = [
  ['everything is late', { kind: 'delay', ms: 400 }],
  ['connections are reset', { kind: 'cut' }],
  ['connections are half-open', { kind: 'half-open' }],
  ['nothing arrives at the server', { kind: 'one-way', lost: 'to the server' }],
  ['nothing comes from the server', { kind: 'one-way', lost: 'to the client' }],
  ['it is slow', { kind: 'slow', bytesPerS: 2_000 }],
];

const stage = stageForEach();
let network: FaultProxy;

beforeEach(async () => {
  if (natsServerProgram !== undefined) network = await stage().network();
});

function machines(behind?: FaultProxy): Promise<FleetHost[]> {
  return Promise.all(
    Array.from({ length: HOSTS }, (_, index) =>
      stage().machine({ hostId: `machine-${String(index)}`, runMs: 1_500 }, behind),
    ),
  );
}

describe('between the machines and the server', () => {
  for (const [what, fault] of faults) {
    fleetTest(
      `${what} during their runs: each run is finished once`,
      async () => {
        const lull = await stage().orchestrator('orchestrator-1');
        const hosts = await machines(network);
        await inMidScan(stage(), hosts, lull, () => {
          network.become(fault);
        });
        await stage().until('the scans are over', () =>
          hosts.every((host) => host.running === 0 || timesDone(host)['scan'] === 1),
        );
        network.become({ kind: 'none' });
        await everythingOnce(stage(), hosts, lull);
      },
      MS_MAX,
    );
  }
});

fleetTest(
  'so late that the server takes nobody for slow: who was refused twice still comes back',
  async () => {
    const lull = await stage().orchestrator('orchestrator-1');
    const hosts = await machines(network);
    const { takenCount } = network;
    await inMidScan(stage(), hosts, lull, () => {
      network.become({ kind: 'cut' });
      network.become({ kind: 'delay', ms: LATER_THAN_MS });
    });
    await stage().until(
      'each was refused twice, and tries again',
      () => network.takenCount >= takenCount + 3 * HOSTS,
    );
    network.become({ kind: 'none' });
    await everythingOnce(stage(), hosts, lull);
  },
  MS_MAX,
);
