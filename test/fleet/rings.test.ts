// An update goes through the rings of a fleet, and stops where it does not work.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { natsServerProgram } from '../../runtime/nats-server.testing.js';
import { openFleetStage, type FleetStage } from './fleet-stage.js';

const MS_MAX = 120_000;
const fleetTest = natsServerProgram === undefined ? test.skip : test;
let stage: FleetStage;

beforeEach(async () => {
  if (natsServerProgram === undefined) return;
  const rings = [
    { name: 'canary', percent: 50, soak: '1h' },
    { name: 'all', percent: 50 },
  ];
  stage = await openFleetStage({ rollout: { rings, failures: 1 } });
}, MS_MAX);

afterEach(async () => {
  if (natsServerProgram !== undefined) await stage.close();
}, MS_MAX);

fleetTest(
  'the first ring installs it, the others wait; halt and resume are heard by everybody',
  async () => {
    const lull = await stage.orchestrator('orchestrator-1');
    const machines = await Promise.all(
      Array.from({ length: 12 }, (_, n) => stage.machine({ hostId: `machine-${String(n)}` })),
    );
    await stage.accept(lull);
    await stage.until(
      'everybody has scanned, and some have installed',
      () =>
        machines.every(({ finished }) => finished.length > 0) &&
        machines.some(({ finished }) => finished.length > 1),
    );
    const explained = await Promise.all(
      machines.map(({ hostId }) => lull.command(['--host', hostId, 'explain'])),
    );
    const waiting = explained.filter((text) => text.includes('RING_WAITS'));
    expect(waiting.length).toBeGreaterThan(0);
    expect(waiting.length).toBeLessThan(machines.length);
    expect(await lull.command(['fleet', 'rollout'])).toContain('canary');
    await lull.command(['fleet', 'halt', 'update', '--why', 'it breaks tills']);
    await stage.until('a machine that waits hears of it', async () => {
      const texts = await Promise.all(
        machines.map(({ hostId }) => lull.command(['--host', hostId, 'explain'])),
      );
      return texts.some((text) => text.includes('it breaks tills'));
    });
    expect(await lull.command(['fleet', 'rollout'])).toContain('stopped: it breaks tills');
    expect(await lull.command(['fleet', 'resume', 'update'])).toContain('goes on');
  },
  MS_MAX,
);
