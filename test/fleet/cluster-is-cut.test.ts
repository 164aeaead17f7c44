// One of three servers is cut off from the others, and with it an orchestrator and machines: what those would
// write does not count, and whoever is with the majority is served on.

import { STREAM } from '../../orchestrator/journal/stream.jetstream.js';
import { GROUPS_BUCKET, LEASES_BUCKET, partitions, upStreamOf } from '../../proto/subjects.js';
import { fleetTest } from '../support/confinement.js';
import { healthOf } from './ask.grpc.js';
import { openClusterStage, SERVERS } from './cluster-stage.js';
import { timesDone } from './fleet-host.nats.js';
import { hasLedAll, ledBy } from './led.js';
import { everythingOnce, inMidScan } from './once.js';
import { stageForEach } from './on-stage.js';

const HOSTS = 6;
const MS_MAX = 240_000;

/** What an orchestrator needs to lead. */
const streams = [
  STREAM,
  ...partitions.map(upStreamOf),
  `KV_${LEASES_BUCKET}`,
  `KV_${GROUPS_BUCKET}`,
];

const stage = stageForEach(openClusterStage);

fleetTest(
  'one is cut off with a leader: what that one would write does not count, the others are served by the next',
  async () => {
    const [majority, minority] = [stage().server(0), stage().server(SERVERS - 1)];
    const first = await stage().orchestrator('orchestrator-1', { url: minority.url });
    await stage().until('it leads everything', () => hasLedAll(first));
    const hosts = await stage().machines(HOSTS, 1_500);
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
    const beyond = hosts.filter((_, index) => stage().server(index % SERVERS) !== minority);
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
