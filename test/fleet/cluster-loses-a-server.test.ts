// Three servers keep what a fleet has, and one of them is killed, is cut off from the others, or all are
// restarted one after the other: nothing is lost, nothing is done twice, and whoever is there goes on.

import { expect } from '@jest/globals';
import { STREAM } from '../../orchestrator/journal/stream.jetstream.js';
import { GROUPS_BUCKET, LEASES_BUCKET, partitions, upStreamOf } from '../../proto/subjects.js';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { pause } from '../../runtime/deadline.js';
import { fleetTest } from '../support/confinement.js';
import { hostsOf } from './ask.grpc.js';
import { openClusterStage, SERVERS, type ClusteredServer } from './cluster-stage.js';
import { timesDone, type FleetHost } from './fleet-host.nats.js';
import { allPartitions, hasLedAll, ledBy, linesOf } from './led.js';
import { everythingOnce, inMidScan } from './once.js';
import { stageForEach } from './on-stage.js';

const HOSTS = 6;
const MS_MAX = 240_000;
/** Longer than a start takes that asks nobody in vain. */
const TRIED_MS = 5_000;

/** What an orchestrator needs to lead. */
const streams = [
  STREAM,
  ...partitions.map(upStreamOf),
  `KV_${LEASES_BUCKET}`,
  `KV_${GROUPS_BUCKET}`,
];

const stage = stageForEach(openClusterStage);

/** As many on each server, which tells them of the others. */
function machines(runMs: number): Promise<FleetHost[]> {
  return Promise.all(
    Array.from({ length: HOSTS }, (_, index) => machineOn(index % SERVERS, index, runMs)),
  );
}

function machineOn(server: number, index: number, runMs: number): Promise<FleetHost> {
  const { url } = serverOf(server);
  return stage().machine({ hostId: `machine-${String(index)}`, runMs }, { url });
}

/** What `lull health` prints, whether it is well or not. */
function healthOf(lull: RunningLull): Promise<string> {
  return lull.command(['health']).catch((error: unknown) => (error as { stdout: string }).stdout);
}

function serverOf(index: number): ClusteredServer {
  const found = stage().servers[index];
  if (found === undefined) throw new Error(`there is no server ${String(index)}`);
  return found;
}

fleetTest(
  'the one that leads the journals is killed in the middle of runs: each is finished once, with the others',
  async () => {
    const lull = await stage().orchestrator('orchestrator-1');
    const hosts = await machines(1_500);
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
    process.kill(second.pid, 'SIGKILL');
    await second.exited;
    await stage().until('the first leads everything', () => hasLedAll(first));
    expect(linesOf(first, 'the bucket of leases was gone')).toEqual([]);
  },
  MS_MAX,
);

fleetTest(
  'one is cut off with a leader: what that one would write does not count, the others are served by the next',
  async () => {
    const [majority, minority] = [serverOf(0), serverOf(SERVERS - 1)];
    const first = await stage().orchestrator('orchestrator-1', { url: minority.url });
    await stage().until('it leads everything', () => hasLedAll(first));
    const hosts = await machines(1_500);
    await inMidScan(stage(), hosts, first, async () => {
      minority.cutOff();
      for (const stream of streams) {
        await stage().until(`the others agree on who leads ${stream}`, async () => {
          const leader = await stage()
            .leaderOf(stream)
            .catch(() => minority);
          return leader.name !== minority.name;
        });
      }
      const second = await stage().orchestrator('orchestrator-2', { url: majority.url });
      await stage().until('the next leads everything', () => hasLedAll(second));
    });
    const beyond = hosts.filter((_, index) => serverOf(index % SERVERS) !== minority);
    await stage().until('machines of the others have their update', () =>
      beyond.every((host) => timesDone(host)['install update'] === 1),
    );
    const led = ledBy(first).length;
    await stage().until('who is cut off says that it is', async () =>
      (await healthOf(first)).includes('the fleet does not hear it'),
    );
    minority.rejoin();
    await stage().until('the first leads its share again', () => ledBy(first).length > led);
    await everythingOnce(stage(), hosts, first);
  },
  MS_MAX,
);

fleetTest(
  'all are restarted one after the other while installs are on: no run is lost or doubled',
  async () => {
    const first = await stage().orchestrator('orchestrator-1');
    const second = await stage().orchestrator('orchestrator-2', { url: serverOf(1).url });
    await stage().accept(first);
    const hosts: FleetHost[] = [];
    for (const [place, server] of stage().servers.entries()) {
      const coming = [0, 1].map((more) => machineOn(place, hosts.length + more, 1_000));
      hosts.push(...(await Promise.all(coming)));
      await stage().until('they scan', () => hosts.every(({ granted }) => granted.length > 0));
      await server.close();
      await server.start();
      await stage().until('it has everything again', async () => {
        const copied = [STREAM, `KV_${LEASES_BUCKET}`].map((each) =>
          stage()
            .isCopied(each)
            .catch(() => false),
        );
        return (await Promise.all(copied)).every(Boolean);
      });
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
    const [, ...others] = stage().servers;
    for (const each of others) await each.kill();
    await stage().until('the one that is left leads nothing', async () => {
      const told = await stage()
        .streamInfo('none')
        .catch((error: unknown) => (error as Error).message);
      return told !== 'stream not found';
    });
    const starting = stage().orchestrator('orchestrator-1', { url: serverOf(0).url });
    await pause(TRIED_MS);
    for (const each of others) await each.start();
    const lull = await starting;
    await stage().until('it leads everything', () => hasLedAll(lull));
    expect(linesOf(lull, 'waiting for JetStream').length).toBeGreaterThan(0);
  },
  MS_MAX,
);
