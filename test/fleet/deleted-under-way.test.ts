// Somebody deletes, in the middle of it, what a fleet keeps on its server, one thing after the other. It is made
// again, or refused with what to do; it is told; and nothing runs twice.

import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { STREAM } from '../../orchestrator/journal/stream.jetstream.js';
import { natsCarrier } from '../../plugin-host/link/link.nats.js';
import {
  BUNDLES_BUCKET,
  GROUPS_BUCKET,
  LEASES_BUCKET,
  partitions,
  upStreamOf,
} from '../../proto/subjects.js';
import { systemClock } from '../../runtime/clock.js';
import { createLog } from '../../runtime/log.js';
import { connectNats, type Nats } from '../../runtime/nats.js';
import { fleetTest } from '../support/confinement.js';
import { entriesOf, refusal } from './ask.grpc.js';
import type { FleetHost } from './fleet-host.nats.js';
import { openFleetStage } from './fleet-stage.js';
import { everythingOnce, inMidScan } from './once.js';
import { stageForEach } from './on-stage.js';

const MS_MAX = 240_000;
const HOSTS = 4;
const TILLS = 6;
const PLACES = 2;
const LEASES = `KV_${LEASES_BUCKET}`;
const GROUPS = `KV_${GROUPS_BUCKET}`;
const BUNDLES = `OBJ_${BUNDLES_BUCKET}`;

const stage = stageForEach(() =>
  openFleetStage({ groups: [{ name: 'tills', hosts: ['till-*'], at_once: PLACES }] }),
);

function machines(name: string, count: number): Promise<FleetHost[]> {
  return Promise.all(
    Array.from({ length: count }, (_, n) => stage().machine({ hostId: `${name}-${String(n)}` })),
  );
}

async function connected<T>(act: (nats: Nats) => Promise<T>): Promise<T> {
  const { url } = stage().server;
  const nats = await connectNats({ url, name: 'somebody', log: createLog('test', 'silent') });
  try {
    return await act(nats);
  } finally {
    await nats.close();
  }
}

function remove(stream: string): Promise<void> {
  return connected(async ({ connection }) => {
    await (await jetstreamManager(connection)).streams.delete(stream);
  });
}

function isThere(stream: string): Promise<boolean> {
  return connected(async ({ connection }) => {
    const jsm = await jetstreamManager(connection);
    return (await jsm.streams.names().next()).includes(stream);
  });
}

/** What machines have said and no orchestrator has handled. */
function saidCount(): Promise<number> {
  return connected(async ({ connection }) => {
    const jsm = await jetstreamManager(connection);
    const streams = await Promise.all(partitions.map((each) => jsm.streams.info(upStreamOf(each))));
    return streams.reduce((sum, { state }) => sum + state.messages, 0);
  });
}

/** The name of the one that there is. */
function theBundle(): Promise<string> {
  return connected(async ({ connection }) => {
    const [only, ...others] = await (await new Objm(connection).open(BUNDLES_BUCKET)).list();
    if (only === undefined || others.length > 0) throw new Error('there is not one bundle');
    return only.name;
  });
}

/** A copy of the server's own files, taken while nobody writes. @returns how to put it back. */
async function keepJournals(): Promise<() => void> {
  const { storeDir } = stage();
  const paths = readdirSync(storeDir, { recursive: true, encoding: 'utf8' });
  const directory = join(storeDir, paths.find((path) => basename(path) === STREAM) ?? '');
  const kept = `${storeDir}-kept`;
  const last = (): Promise<number> =>
    connected(async ({ connection }) => {
      const jsm = await jetstreamManager(connection);
      return (await jsm.streams.info(STREAM)).state.last_seq;
    });
  for (let before = await last(), after = -1; before !== after;) {
    before = await last();
    rmSync(kept, { recursive: true, force: true });
    cpSync(directory, kept, { recursive: true });
    after = await last();
  }
  return () => {
    cpSync(kept, directory, { recursive: true });
  };
}

function isInstalling({ granted }: FleetHost): boolean {
  return granted.some(({ what }) => what === 'install update');
}

function says({ logFile }: RunningLull, words: string): boolean {
  return readFileSync(logFile, 'utf8').includes(words);
}

fleetTest(
  'the leases: everybody claims anew what they led',
  async () => {
    const lull = await stage().orchestrator('orchestrator-1');
    const hosts = await machines('machine', HOSTS);
    await inMidScan(stage(), hosts, lull, () => remove(LEASES));
    await stage().until('they are there again', () => isThere(LEASES));
    await stage().until('it is told', () => says(lull, 'the bucket of leases was gone'));
    await everythingOnce(stage(), hosts, lull);
  },
  MS_MAX,
);

fleetTest(
  'what machines said and nobody has heard yet: they say it again to whoever comes',
  async () => {
    const lull = await stage().orchestrator('orchestrator-1');
    const hosts = await machines('machine', HOSTS);
    for (const host of hosts) host.holdRuns('install update');
    await stage().accept(lull);
    await stage().until('all of them install', () => hosts.every(isInstalling));
    await lull.stop();
    for (const host of hosts) host.letRunsEnd();
    await stage().until('all have installed', () => hosts.every(({ running }) => running === 0));
    await stage().until('the server has it', async () => (await saidCount()) >= HOSTS);
    for (const each of partitions) await remove(upStreamOf(each));
    await everythingOnce(stage(), hosts, await stage().orchestrator('orchestrator-1'));
  },
  MS_MAX,
);

fleetTest(
  'what machines said, in the middle of runs: it goes on',
  async () => {
    const lull = await stage().orchestrator('orchestrator-1');
    const hosts = await machines('machine', HOSTS);
    await inMidScan(stage(), hosts, lull, async () => {
      for (const each of partitions) await remove(upStreamOf(each));
    });
    for (const each of partitions.map(upStreamOf)) {
      await stage().until(`${each} is there again`, () => isThere(each));
    }
    await everythingOnce(stage(), hosts, lull);
  },
  MS_MAX,
);

fleetTest(
  'the groups: whoever has a place has it still, and nobody else gets one meanwhile',
  async () => {
    const first = await stage().orchestrator('orchestrator-1');
    const second = await stage().orchestrator('orchestrator-2');
    const tills = await machines('till', TILLS);
    for (const till of tills) till.holdRuns('install update');
    await stage().accept(first);
    await stage().until(
      'as many install as may',
      () => tills.filter(isInstalling).length === PLACES,
    );
    await remove(GROUPS);
    const late = await machines('till-late', 2);
    await stage().until('it is told', () =>
      [first, second].some((each) => says(each, 'the bucket of groups was deleted')),
    );
    for (const { hostId } of late) {
      await stage().until(`${hostId} waits for a place`, async () =>
        (await first.command(['--host', hostId, 'explain'])).includes('2 of at most 2'),
      );
    }
    expect([...tills, ...late].filter(isInstalling)).toHaveLength(PLACES);
    for (const till of tills) till.letRunsEnd();
    await everythingOnce(stage(), [...tills, ...late], second);
    await stage().until('nobody has a place any more', async () =>
      (await first.command(['fleet', 'groups'])).includes('0 of 2'),
    );
  },
  MS_MAX,
);

fleetTest(
  'the bundles: a machine that needs one says what to do, and adding the updater again mends it',
  async () => {
    const lull = await stage().orchestrator('orchestrator-1');
    const hosts = await machines('machine', HOSTS);
    let sha256 = '';
    await inMidScan(stage(), hosts, lull, async () => {
      sha256 = await theBundle();
      await remove(BUNDLES);
    });
    await stage().until('it is told', () =>
      says(lull, 'the bundles were deleted: add every updater again, as it was (dev.lull.fixture)'),
    );
    await connected(async (nats) => {
      const { readBundle } = natsCarrier({
        ...{ nats, hostId: 'machine-0', instanceId: 'one', clock: systemClock },
        random: Math.random,
      });
      const take = async (): Promise<number> => {
        let bytes = 0;
        for await (const chunk of readBundle(sha256, new AbortController().signal)) {
          bytes += chunk.byteLength;
        }
        return bytes;
      };
      await expect(take()).rejects.toThrow('add the updater again');
      await stage().addAgain(lull);
      expect(await take()).toBeGreaterThan(0);
      // Nor does it matter who notices first.
      await remove(BUNDLES);
      await expect(take()).rejects.toThrow('add the updater again');
      await stage().addAgain(lull);
      expect(await take()).toBeGreaterThan(0);
    });
    await everythingOnce(stage(), hosts, lull);
  },
  MS_MAX,
);

fleetTest(
  'the journals: nothing is granted any more, whoever orders is told, and they can be put back',
  async () => {
    const lull = await stage().orchestrator('orchestrator-1');
    const hosts = await machines('machine', HOSTS);
    await inMidScan(stage(), hosts, lull, async () => {
      const putBack = await keepJournals();
      const granted = hosts.map((host) => host.granted.length);
      await remove(STREAM);
      await stage().until('it is said', () => says(lull, '"code":"JOURNAL_LOST"'));
      await stage().until('whoever orders something is told', async () =>
        (await refusal(lull, ['hold', 'dev.lull.fixture', '--why', 'a test'])).includes(
          'journals-seen.json',
        ),
      );
      for (const host of hosts) host.letRunsEnd();
      await stage().until('the scans are over', () => hosts.every(({ running }) => running === 0));
      expect(await isThere(STREAM)).toBe(false);
      expect(hosts.map((host) => host.granted.length)).toEqual(granted);
      await stage().server.close();
      putBack();
      await stage().server.start();
    });
    // What was said meanwhile is in force, and is recorded before it can be taken back.
    await stage().until('it is held', async () =>
      (await lull.command(['--host', 'machine-0', 'explain']).catch(() => '')).includes('a test'),
    );
    expect(hosts.filter(isInstalling)).toEqual([]);
    await stage().until('it is taken back', async () =>
      (await refusal(lull, ['unhold', 'dev.lull.fixture'])).includes('nothing was refused'),
    );
    const facts = (await entriesOf(lull, 'machine-0')).map(({ bodyJson }) => bodyJson);
    expect(facts.join()).toContain('"why":"a test"');
    await everythingOnce(stage(), hosts, lull);
  },
  MS_MAX,
);
