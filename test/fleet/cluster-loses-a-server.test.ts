// Three servers keep what a fleet has, and one of them is killed, or all are restarted one after the other:
// nothing is lost, nothing is done twice, and whoever is there goes on.

import { expect } from '@jest/globals';
import { STREAM } from '../../orchestrator/journal/stream.jetstream.js';
import { LEASES_BUCKET } from '../../proto/subjects.js';
import { until } from '../../runtime/until.testing.js';
import { fleetTest } from '../support/confinement.js';
import { healthOf, hostsOf } from './ask.grpc.js';
import { openClusterStage, type ClusteredServer } from './cluster-stage.js';
import type { FleetHost } from './fleet-host.nats.js';
import { allPartitions, hasLedAll, ledBy, ledLastBy, linesOf } from './led.js';
import { everythingOnce, inMidScan } from './once.js';
import { stageForEach } from './on-stage.js';

const HOSTS = 6;
const MS_MAX = 300_000;
const RESTARTS_MAX = 2;
const COPIED_MS_MAX = 60_000;
const LOOK_EVERY_MS = 50;

const stage = stageForEach(openClusterStage);

fleetTest(
  'the one that leads the journals is killed in the middle of runs: each is finished once, with the others',
  async () => {
    const lull = await stage().orchestrator('orchestrator-1');
    const hosts = await stage().machines(HOSTS, 1_500);
    await inMidScan(stage(), hosts, lull, async () => {
      await (await stage().leaderOf(STREAM)).kill();
    });
    await everythingOnce(stage(), hosts, lull);
    expect(await healthOf(lull)).toMatch(
      /: well(, but see to this: server-\d has no copy that is up to date of .+)?$/m,
    );
  },
  MS_MAX,
);

fleetTest(
  'the one that has the leases is killed: everybody goes on with what it leads, and who dies then is noticed',
  async () => {
    const first = await stage().orchestrator('orchestrator-1');
    const second = await stage().orchestrator('orchestrator-2');
    await stage().until('both lead their share', () => ledBy(second).length >= 8);
    const leader = await stage().leaderOf(`KV_${LEASES_BUCKET}`);
    await leader.kill();
    await stage().until('another server has them', async () => {
      const now = await stage()
        .leaderOf(`KV_${LEASES_BUCKET}`)
        .catch(() => leader);
      return now.name !== leader.name;
    });
    await stage().until('both are heard', async () => {
      const told = await Promise.all([first, second].map(healthOf));
      return told.every((each) => each.includes(': well'));
    });
    // A partition may be opened anew where that server led the journals too, and by whom it was led.
    for (const each of [first, second])
      expect(linesOf(each, 'another one leads a partition')).toEqual([]);
    expect(ledLastBy(second, first).size).toBeGreaterThan(0);
    process.kill(second.pid, 'SIGKILL');
    await second.exited;
    await stage().until('the first leads everything', () => ledLastBy(second, first).size === 0);
    expect(linesOf(first, 'the bucket of leases was gone')).toEqual([]);
  },
  MS_MAX,
);

fleetTest(
  'all are restarted one after the other while installs are on: no run is lost or doubled',
  async () => {
    const first = await stage().orchestrator('orchestrator-1');
    const second = await stage().orchestrator('orchestrator-2', { url: stage().server(1).url });
    await stage().accept(first);
    const hosts: FleetHost[] = [];
    for (const [place, server] of stage().servers.entries()) {
      const coming = [0, 1].map((more) => stage().machineOn(place, hosts.length + more, 1_000));
      hosts.push(...(await Promise.all(coming)));
      await stage().until('they scan', () => hosts.every(({ granted }) => granted.length > 0));
      await restart(server);
    }
    await everythingOnce(stage(), hosts, second);
    expect((await hostsOf(first)).length).toBe(hosts.length);
    expect(new Set([...ledBy(first), ...ledBy(second)]).size).toBe(allPartitions.length);
  },
  MS_MAX,
);

fleetTest(
  'an orchestrator is started while the servers agree on nobody: it says so, and leads as soon as they do',
  async () => {
    const leader = await stage().metaLeader();
    const [survivor, ...others] = stage().servers.filter((each) => each !== leader);
    const dead = [leader, ...others];
    await Promise.all(dead.map((each) => each.kill()));
    const starting = stage().orchestrator('orchestrator-1', { url: survivor?.url ?? leader.url });
    await stage().until(
      'it says that it waits',
      () => linesOf(stage().logOf('orchestrator-1'), 'waiting for JetStream').length > 0,
    );
    await Promise.all(dead.map((each) => each.start()));
    const lull = await starting;
    await stage().until('it leads everything', () => hasLedAll(lull));
  },
  MS_MAX,
);

/**
 * As an operator does: the next one comes when this one has everything again, and one that stays behind is
 * restarted once more. A nats-server was seen to come back, with its routes, and to hear nothing of the copies.
 */
async function restart(server: ClusteredServer): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    await server.close();
    await server.start();
    try {
      await everythingIsCopied();
      return;
    } catch (error) {
      if (tries === RESTARTS_MAX) throw error;
    }
  }
}

async function everythingIsCopied(): Promise<void> {
  let lacking: unknown[] = [];
  const look = async (): Promise<boolean> => {
    const asked = [STREAM, `KV_${LEASES_BUCKET}`].map((each) => stage().lackOf(each).catch(String));
    lacking = (await Promise.all(asked)).filter((each) => each !== undefined);
    return lacking.length === 0;
  };
  const patience = { withinMs: COPIED_MS_MAX, everyMs: LOOK_EVERY_MS };
  await until('it has everything again', look, patience).catch((error: unknown) => {
    throw new Error(`it still lacks ${lacking.join(', ')}`, { cause: error });
  });
}
