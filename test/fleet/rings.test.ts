// An update goes through the rings of a fleet, and stops where it does not work.

import { expect } from '@jest/globals';
import { ringOf } from '../../orchestrator/scheduler/rings.js';
import { rolloutKey } from '../../orchestrator/world/rollouts.js';
import { entriesOf } from './ask.grpc.js';
import { openFleetStage } from './fleet-stage.js';
import { fleetTest } from '../support/confinement.js';
import { stageForEach } from './on-stage.js';

const MS_MAX = 120_000;
const rings = [
  { name: 'canary', percent: 50, soakMs: 3_600_000 },
  { name: 'all', percent: 50, soakMs: 3_600_000 },
];
/** Of what every machine here finds. */
const key = rolloutKey({ updaterId: 'dev.lull.fixture', updateId: 'update', toVersion: '2.0.0' });
const stage = stageForEach(() => {
  const named = rings.map(({ name, percent }) => ({ name, percent, soak: '1h' }));
  return openFleetStage({ rollout: { rings: named, failures: 1 } });
});

fleetTest(
  'the first ring installs it, the others wait; halt and resume are heard by everybody',
  async () => {
    const lull = await stage().orchestrator('orchestrator-1');
    const machines = await Promise.all(
      Array.from({ length: 12 }, (_, n) => stage().machine({ hostId: `machine-${String(n)}` })),
    );
    await stage().accept(lull);
    await stage().until(
      'everybody has scanned, and some have installed',
      () =>
        machines.every(({ finished }) => finished.length > 0) &&
        machines.some(({ finished }) => finished.length > 1),
    );
    // All of them have found it, and the fleet's journal says so once.
    const told = await entriesOf(lull, 'machine-0');
    const begun = told.filter(({ bodyJson }) => bodyJson.includes('"rollout.started"'));
    expect(begun).toHaveLength(1);
    const waits = machines.find(({ hostId }) => ringOf(hostId, key, rings).ring === 'all');
    if (waits === undefined) throw new Error('every machine was in the first ring');
    const explain = (): Promise<string> => lull.command(['--host', waits.hostId, 'explain']);
    expect(await explain()).toContain('RING_WAITS');
    expect(await lull.command(['fleet', 'rollout'])).toContain('canary');
    await lull.command(['fleet', 'halt', 'update', '--why', 'it breaks tills']);
    await stage().until('a machine that waits hears of it', async () =>
      (await explain()).includes('it breaks tills'),
    );
    expect(await lull.command(['fleet', 'rollout'])).toContain('stopped: it breaks tills');
    expect(await lull.command(['fleet', 'resume', 'update'])).toContain('goes on');
  },
  MS_MAX,
);

fleetTest(
  'it does not work on a machine of the first ring: the line stops by itself, and the others hear why',
  async () => {
    const lull = await stage().orchestrator('orchestrator-1');
    const machines = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        stage().machine({ hostId: `machine-${String(n)}`, fails: 'install update' }),
      ),
    );
    await stage().accept(lull);
    await stage().until('the line is stopped', async () =>
      (await lull.command(['fleet', 'rollout'])).includes('stopped'),
    );
    const other = machines.find(({ hostId }) => ringOf(hostId, key, rings).ring === 'all');
    if (other === undefined) throw new Error('every machine was in the first ring');
    await stage().until('a machine that waits hears of it', async () =>
      (await lull.command(['--host', other.hostId, 'explain'])).includes('ROLLOUT_STOPPED'),
    );
  },
  MS_MAX,
);
