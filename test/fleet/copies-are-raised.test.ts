// A fleet began with one copy of everything, on a cluster of three servers; its operator gives it three while it is
// at work, and then a server dies.

import { expect } from '@jest/globals';
import { STREAM } from '../../orchestrator/journal/stream.jetstream.js';
import { fleetStreams } from '../../proto/permissions.js';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { fleetTest } from '../support/confinement.js';
import { healthOf } from './ask.grpc.js';
import { openClusterStage } from './cluster-stage.js';
import { hasLedAll } from './led.js';
import { everythingOnce, inMidScan } from './once.js';
import { stageForEach } from './on-stage.js';

const HOSTS = 6;
const MS_MAX = 240_000;

const stage = stageForEach(() => openClusterStage({}, 1));

/** Beside each other's user no password is said twice. */
function copies(lull: RunningLull, ...more: string[]): Promise<string> {
  const [first = '', ...others] = stage().urls.split(',');
  const alsoAt = others.map((each) => each.replace('lull:lull@', ''));
  return lull.command(['fleet', 'copies', ...more, '--nats', [first, ...alsoAt].join(',')]);
}

fleetTest(
  'the server that led the journals is killed after that: each run is finished once, with the others',
  async () => {
    const lull = await stage().orchestrator('orchestrator-1');
    await stage().until('it leads everything', () => hasLedAll(lull));
    expect(await copies(lull)).toMatch(new RegExp(`^${STREAM} +1 copy$`, 'm'));
    expect(await healthOf(lull)).toContain('lull fleet copies 3');
    const hosts = await stage().machines(HOSTS, 1_500);
    await inMidScan(stage(), hosts, lull, async () => {
      const given = await copies(lull, '3');
      expect(given.match(/ 3 copies$/gm)).toHaveLength(fleetStreams.length);
      expect(given).toContain('--journal-copies 3');
      for (const stream of fleetStreams) {
        await stage().until(`all of ${stream}`, async () => {
          const lack = await stage().lackOf(stream).catch(String);
          return lack === undefined;
        });
      }
      await (await stage().leaderOf(STREAM)).kill();
    });
    await everythingOnce(stage(), hosts, lull);
  },
  MS_MAX,
);

fleetTest(
  'while one of three servers is down there is no place for a third copy: it says so, and goes on when it is back',
  async () => {
    const lull = await stage().orchestrator('orchestrator-1');
    await stage().until('it leads everything', () => hasLedAll(lull));
    await stage().server(2).kill();
    const failed = await copies(lull, '3', '--within', '2s').catch((error: unknown) => error);
    const { stderr } = failed as { stderr: string };
    expect(stderr).toMatch(/What was done stays: the same command goes on from there/);
    await stage().server(2).start();
    expect((await copies(lull, '3')).match(/ 3 copies$/gm)).toHaveLength(fleetStreams.length);
  },
  MS_MAX,
);
