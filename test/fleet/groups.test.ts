// Machines of a group take turns, whichever orchestrator serves them.

import { expect } from '@jest/globals';
import { openFleetStage } from './fleet-stage.js';
import { fleetTest } from '../support/confinement.js';
import { stageForEach } from './on-stage.js';

const MS_MAX = 120_000;
const MACHINES = 6;
const stage = stageForEach(() => {
  return openFleetStage({ groups: [{ name: 'tills', hosts: ['till-*'], at_once: 2 }] });
});

fleetTest(
  'two at most install at once, each gets its turn, and everybody gives the place back',
  async () => {
    const first = await stage().orchestrator('orchestrator-1');
    await stage().orchestrator('orchestrator-2');
    const machines = await Promise.all(
      Array.from({ length: MACHINES }, (_, n) =>
        stage().machine({ hostId: `till-${String(n)}`, runMs: 1_000 }),
      ),
    );
    await stage().accept(first);
    await stage().until('every till has installed', () =>
      machines.every(({ finished }) => finished.some(({ what }) => what === 'install update')),
    );
    const spans = machines.flatMap(({ granted, finished }) =>
      finished
        .filter(({ what }) => what === 'install update')
        .map(({ runId, atMs }) => ({
          startMs: granted.find((each) => each.runId === runId)?.atMs ?? Number.NaN,
          endMs: atMs,
        })),
    );
    for (const { startMs } of spans) {
      const atOnce = spans.filter((each) => each.startMs <= startMs && startMs < each.endMs);
      expect(atOnce.length).toBeLessThanOrEqual(2);
    }
    await stage().until('nobody has a place any more', async () =>
      (await first.command(['fleet', 'groups'])).includes('0 of 2'),
    );
  },
  MS_MAX,
);
