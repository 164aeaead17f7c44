// The server of a thousand machines is killed while half of them have their update, and all of them come
// back at once.

import { expect } from '@jest/globals';
import { partitionOf } from '../../proto/subjects.js';
import { hostsOf, isWhole } from './ask.grpc.js';
import { timesDone, type FleetHost } from './fleet-host.nats.js';
import { fleetTest } from '../support/confinement.js';
import { stageForEach } from './on-stage.js';

const HOSTS = 1_000;
/** Of those that connect at the beginning. */
const AT_ONCE = 25;
const MS_MAX = 600_000;

const stage = stageForEach();

const isInstalled = (host: FleetHost): boolean => timesDone(host)['install update'] !== undefined;

fleetTest(
  'everybody is attached again, each update is installed once, and every journal is whole',
  async () => {
    const lull = await stage().orchestrator('orchestrator-1');
    const hosts: FleetHost[] = [];
    while (hosts.length < HOSTS) {
      const from = hosts.length;
      const more = Array.from({ length: AT_ONCE }, (_, n) =>
        stage().machine({ hostId: `machine-${String(from + n)}` }),
      );
      hosts.push(...(await Promise.all(more)));
    }
    await stage().accept(lull);
    await stage().until(
      'half of them have it',
      () => hosts.filter(isInstalled).length >= HOSTS / 2,
    );
    const welcomed = hosts.map(({ welcomedCount }) => welcomedCount);
    await stage().server.kill();
    await stage().server.start();
    await stage().until('everybody is welcomed again', () =>
      hosts.every((host, at) => host.welcomedCount > (welcomed[at] ?? 0)),
    );
    await stage().until('every update is installed', () => hosts.every(isInstalled));
    await stage().until('everybody is attached', async () => {
      const told = await hostsOf(lull);
      return told.length === HOSTS && told.every(({ attached }) => attached);
    });
    // A scan whose end was not heard is done again; an install never is.
    const notOnce = hosts.filter((host) => timesDone(host)['install update'] !== 1);
    expect(notOnce.map(({ hostId }) => hostId)).toEqual([]);
    const ofEach = new Map(hosts.map(({ hostId }) => [partitionOf(hostId), hostId]));
    for (const hostId of ofEach.values()) expect(await isWhole(lull, hostId)).toBe(true);
  },
  MS_MAX,
);
