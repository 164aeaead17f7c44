// Machines whose clocks are a day ahead and a day behind get their updates as the others do.

import { expect } from '@jest/globals';
import { systemClock, type Clock } from '../../runtime/clock.js';
import { hostsOf } from './ask.grpc.js';
import { openFleetStage } from './fleet-stage.js';
import { fleetTest } from '../support/confinement.js';
import { stageForEach } from './on-stage.js';
import { everythingOnce } from './once.js';

const DAY_MS = 86_400_000;
const MS_MAX = 180_000;

const stage = stageForEach(() => {
  // Longer than the test: nobody is taken for away who has just left.
  const waiting = { locked: '30m', start_up: '0s', set_up: '0s', boot: '0s', login: '0s' };
  return openFleetStage({ waiting });
});

function wrongBy(aheadMs: number): Clock {
  return {
    ...systemClock,
    now: () => {
      const { wallMs, monotonicMs } = systemClock.now();
      return { wallMs: wallMs + aheadMs, monotonicMs };
    },
  };
}

fleetTest(
  'each installs once, no lease is lost; and where a person has just left nothing starts, whatever the clock says',
  async () => {
    const lull = await stage().orchestrator('orchestrator-1');
    const clocks = [0, DAY_MS, -DAY_MS];
    const left = await Promise.all(
      clocks.map((aheadMs, n) => {
        const clock = wrongBy(aheadMs);
        return stage().machine({ hostId: `left-${String(n)}`, clock, longAwayMs: 60_000 });
      }),
    );
    const empty = await Promise.all(
      clocks.map((aheadMs, n) => {
        const clock = wrongBy(aheadMs);
        return stage().machine({ hostId: `empty-${String(n)}`, clock, runMs: 3_000 });
      }),
    );
    await stage().until('everybody is attached', async () => {
      const told = await hostsOf(lull);
      return told.filter(({ attached }) => attached).length === 2 * clocks.length;
    });
    await stage().accept(lull);
    await everythingOnce(stage(), empty, lull, left.length);
    for (const host of empty) expect(host.commands).not.toContain('pause');
    expect(left.flatMap(({ granted }) => granted)).toEqual([]);
  },
  MS_MAX,
);
