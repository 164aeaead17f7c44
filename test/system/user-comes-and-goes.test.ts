// Somebody comes and goes ten times a second: the run is frozen each time that it went on, and goes on
// once in a while only.

import { expect } from '@jest/globals';
import type { Follower } from '../../harness/follow.grpc.js';
import { pause } from '../../runtime/deadline.js';
import { sandboxTest } from '../support/confinement.js';
import { onStage } from '../support/stage.js';
import { enable, ended, factOf } from '../support/story.js';

const HALF_MS = 50;
const FLICKER_MS = 7_000;
const BETWEEN_MS = 2_000;
const policy = {
  waiting: {
    ...{ away: '0s', away_for_install: '0s', away_to_resume: '0s' },
    ...{ between_resumes: `${String(BETWEEN_MS)}ms` },
    ...{ start_up: '0s', set_up: '0s', boot: '0s', resume: '0s', login: '0s' },
  },
};

/** @returns for how long it flickered. */
async function flicker(follower: Follower): Promise<number> {
  const startMs = performance.now();
  while (performance.now() - startMs < FLICKER_MS) {
    await follower.report('engaged');
    await pause(HALF_MS);
    await follower.report('away');
    await pause(HALF_MS);
  }
  await follower.report('engaged');
  return performance.now() - startMs;
}

sandboxTest(
  'a run whose user comes and goes every 50 ms is frozen each time, and goes on seldom',
  () =>
    onStage(
      async (stage, apps) => {
        const running = await stage.start();
        const follower = stage.follow();
        const behaviour = { hang: { at: 'in perform', busy: false } };
        await enable(running, await stage.bundle('program', { behaviour }), { apps });
        await follower.report('away');
        const { runId } = await factOf(follower, 'run.started', 'install');
        const flickeredMs = await flicker(follower);
        // After its end nothing more comes of it.
        await running.command(['pause-all', '--for', '1h', '--why', 'enough']);
        await ended(follower, 'install', 'cancelled');

        // What was allowed too late is answered by `run.paused` as well, without a reaction.
        const turns = follower.facts.filter(
          ({ kind, runId: of, reactionNs }) =>
            of === runId &&
            (kind === 'run.thawed' || (kind === 'run.paused' && reactionNs !== undefined)),
        );
        const frozen = turns.filter(({ kind }) => kind === 'run.paused');
        const goneOn = turns.filter(({ kind }) => kind === 'run.thawed');
        expect(goneOn.length).toBeGreaterThanOrEqual(1);
        expect(turns.map(({ kind }) => kind)).toEqual(
          frozen.flatMap((_, at) => (at === 0 ? ['run.paused'] : ['run.thawed', 'run.paused'])),
        );
        for (const { reasons } of frozen) expect(reasons).toContain('PERSON_PRESENT');
        for (const { cpuUsWhileFrozen } of goneOn) expect(cpuUsWhileFrozen).toBe(0);
        // The first time it goes on at once.
        expect(goneOn.length).toBeLessThanOrEqual(1 + Math.floor(flickeredMs / BETWEEN_MS));
      },
      { policy },
    ),
);
