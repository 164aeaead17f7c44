// The fleet's server is killed, comes back empty, and has no room: nothing runs twice, nothing is granted
// that is not in a journal, and nothing is forgotten without a word.

import { cpSync, readFileSync, rmSync } from 'node:fs';
import { afterEach, describe, expect } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { STREAM } from '../../orchestrator/journal/stream.jetstream.js';
import { createLog } from '../../runtime/log.js';
import { natsServerProgram } from '../../runtime/nats-server.testing.js';
import { connectNats, type Nats } from '../../runtime/nats.js';
import { healthOf, refusal } from './ask.grpc.js';
import type { FleetHost } from './fleet-host.nats.js';
import { openFleetStage, type OneServerStage } from './fleet-stage.js';
import { fleetTest } from '../support/confinement.js';
import { everythingOnce, inMidScan } from './once.js';

const HOSTS = 6;
const MS_MAX = 240_000;
/** Streams reserve 320 MiB of it (what hosts say, and groups), whether they use it or not. */
const STORE_BYTES = 330 * 2 ** 20;
const BALLAST_BYTES = 900_000;

let stage: OneServerStage;

afterEach(async () => {
  if (natsServerProgram !== undefined) await stage.close();
}, MS_MAX);

function machines(): Promise<FleetHost[]> {
  return Promise.all(
    Array.from({ length: HOSTS }, (_, index) =>
      stage.machine({ hostId: `machine-${String(index)}`, runMs: 1_500 }),
    ),
  );
}

async function connected<T>(act: (nats: Nats) => Promise<T>): Promise<T> {
  const { url } = stage.server;
  const nats = await connectNats({ url, name: 'somebody', log: createLog('test', 'silent') });
  try {
    return await act(nats);
  } finally {
    await nats.close();
  }
}

fleetTest(
  'killed in the middle of runs, and back: each is finished once',
  async () => {
    stage = await openFleetStage();
    const lull = await stage.orchestrator('orchestrator-1');
    const hosts = await machines();
    await inMidScan(stage, hosts, lull, () => stage.server.kill());
    await stage.until('the scans are over', () => hosts.every(({ running }) => running === 0));
    await stage.server.start();
    await everythingOnce(stage, hosts, lull);
  },
  MS_MAX,
);

fleetTest(
  'gone when an orchestrator is told to stop: nothing is given back to it, and nobody waits for that',
  async () => {
    stage = await openFleetStage();
    const lull = await stage.orchestrator('orchestrator-1');
    const log = (): string => readFileSync(lull.logFile, 'utf8');
    await stage.until('it leads', () => log().includes('leading a partition'));
    await stage.server.kill();
    await stage.until('it knows', () => log().includes('NATS is out of reach'));
    await lull.stop();
    expect(log()).toContain('its claim expires');
    expect(log()).not.toContain('did not finish within');
  },
  MS_MAX,
);

describe('back without its streams', () => {
  fleetTest(
    'it is not taken for a new fleet: everybody is told, nothing runs, and what it had can be put back',
    async () => {
      stage = await openFleetStage();
      const lull = await stage.orchestrator('orchestrator-1');
      const hosts = await machines();
      await stage.accept(lull);
      await everythingOnce(stage, hosts, lull);
      await lull.command(['hold', 'dev.lull.fixture', '--why', 'a test']);
      const granted = hosts.map((host) => host.granted.length);
      const kept = `${stage.storeDir}-kept`;
      await stage.server.close();
      cpSync(stage.storeDir, kept, { recursive: true });
      rmSync(stage.storeDir, { recursive: true });
      await stage.server.start();

      await stage.until('it is said', () =>
        readFileSync(lull.logFile, 'utf8').includes('"code":"JOURNAL_LOST"'),
      );
      await stage.until('whoever orders something is told', async () =>
        (await refusal(lull, ['unhold', 'dev.lull.fixture'])).includes('JOURNAL_LOST'),
      );
      // Nor by one that has seen nothing of it.
      const anew = stage.orchestrator('orchestrator-2');
      await expect(anew).rejects.toThrow('journals-seen.json');
      await lull.stop();
      await expect(stage.orchestrator('orchestrator-1')).rejects.toThrow('journals-seen.json');
      await connected(async ({ connection }) => {
        const jsm = await jetstreamManager(connection);
        await expect(jsm.streams.info(STREAM)).rejects.toThrow('stream not found');
      });
      expect(hosts.map((host) => host.granted.length)).toEqual(granted);

      await stage.server.close();
      rmSync(stage.storeDir, { recursive: true });
      cpSync(kept, stage.storeDir, { recursive: true });
      await stage.server.start();
      const again = await stage.orchestrator('orchestrator-1');
      await everythingOnce(stage, hosts, again);
    },
    MS_MAX,
  );
});

describe('without room', () => {
  fleetTest(
    'nothing starts that is not in a journal; who orders something is told; and it goes on when there is room',
    async () => {
      stage = await openFleetStage({}, { storeBytesMax: STORE_BYTES });
      const lull = await stage.orchestrator('orchestrator-1');
      const hosts = await machines();
      for (const host of hosts) host.see('engaged');
      await stage.accept(lull);
      await lull.command(['hold', 'dev.lull.fixture', '--why', 'a test']);
      await connected(async ({ connection }) => {
        const jsm = await jetstreamManager(connection);
        const js = jetstream(connection);
        await jsm.streams.add({ name: 'BALLAST', subjects: ['ballast'] });
        const fill = async (bytes: number): Promise<void> => {
          const ballast = Buffer.alloc(bytes);
          while ((await js.publish('ballast', ballast).catch(() => undefined)) !== undefined);
        };
        await fill(BALLAST_BYTES);
        await fill(1);
        const told = await refusal(lull, ['unhold', 'dev.lull.fixture']);
        expect(told).toContain('no room');
        for (const host of hosts) host.see('away');
        await stage.until('the orchestrator has said so', () =>
          readFileSync(lull.logFile, 'utf8').includes('the disk of the journal is full'),
        );
        expect(await healthOf(lull)).toContain(
          'well, but see to this: the disk of the journal is full',
        );
        expect(hosts.flatMap(({ granted }) => granted)).toEqual([]);
        await jsm.streams.delete('BALLAST');
      });
      await everythingOnce(stage, hosts, lull);
    },
    MS_MAX,
  );
});
