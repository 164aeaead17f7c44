// The person comes back while the updater must not be frozen: it is slowed down at once, frozen the
// instant it may be, and killed if that instant never comes.

import { expect } from '@jest/globals';
import type { Follower } from '../../harness/follow.grpc.js';
import { sandboxTest } from '../support/confinement.js';
import { updaterProcesses } from '../support/leftovers.js';
import { onStage, type Stage } from '../support/stage.js';
import { enable, ended, factOf, noticed, outcomeOf } from '../support/story.js';

/** Nobody is expected around now: what cannot be frozen is only begun where quiet is likely. */
const farHour = (new Date().getUTCHours() + 12) % 24;
const policy = {
  // The hour above is one of UTC, and the machine may be anywhere.
  time_zone: 'UTC',
  retry: { first: '1h', install: '1h', give_up: '1h' },
  active_hours: { from: farHour, to: farHour + 1 },
};

async function onSection(
  behaviour: Readonly<Record<string, unknown>>,
  criticalMaxS: number,
  play: (follower: Follower, stage: Stage) => Promise<void>,
): Promise<void> {
  await onStage(
    async (stage, apps) => {
      const running = await stage.start();
      const follower = stage.follow();
      const manifest = { critical_max_s: criticalMaxS };
      await enable(running, await stage.bundle('section', { behaviour, manifest }), { apps });
      await follower.report('away');
      await play(follower, stage);
    },
    { policy },
  );
}

sandboxTest('it is throttled inside, frozen as soon as it has left, and ends well', () =>
  onSection({ sectionMs: 1_500 }, 5, async (follower) => {
    await noticed(follower, 'inside');
    await follower.report('engaged');
    const throttled = await factOf(follower, 'run.throttled', 'install');
    expect(throttled['reasons']).toEqual(['PERSON_PRESENT']);
    expect(throttled['reactionNs']).toBeGreaterThan(0);
    const paused = await factOf(follower, 'run.paused', 'install');
    const kinds = follower.facts.map(({ kind }) => kind);
    expect(kinds.lastIndexOf('critical.changed')).toBeLessThan(follower.facts.indexOf(paused));
    expect(paused['reasons']).toEqual(['PERSON_PRESENT']);

    await follower.report('away');
    const thawed = await factOf(follower, 'run.thawed', 'install');
    expect(thawed['cpuUsWhileFrozen']).toBe(0);
    await ended(follower, 'install', 'succeeded');
    const sections = follower.facts.filter(({ kind }) => kind === 'critical.changed');
    expect(sections.map(({ entered, why }) => ({ entered, why }))).toEqual([
      { entered: true, why: 'the lock' },
      { entered: false, why: '' },
    ]);
    expect(sections[1]?.['lastedMs']).toBeGreaterThanOrEqual(1_500);
  }),
);

sandboxTest(
  'a section that is never left is ended when its time is up, and the audit says so',
  () =>
    // Long enough for a busy machine to hear of the section, and to tell that somebody is back.
    onSection({ sectionMs: 0 }, 4, async (follower, stage) => {
      await noticed(follower, 'inside');
      await follower.report('engaged');
      await factOf(follower, 'run.throttled', 'install');
      const end = await ended(follower, 'install', 'failed');
      expect(outcomeOf(end)).toMatchObject({
        code: 'CRITICAL_OVERRUN',
        message: 'its critical section lasted for the 4 s that it may',
      });
      expect(updaterProcesses(stage)).toEqual([]);
      const last = follower.facts.filter(({ kind }) => kind === 'critical.changed').at(-1);
      expect(last).toMatchObject({ entered: false, why: 'the lock', overrun: true });
      expect(follower.facts.filter(({ kind }) => kind === 'run.paused')).toEqual([]);
    }),
);

sandboxTest('an updater that can pause is slowed, asked, and frozen at its safe point', () =>
  onSection({ safePoints: { everyMs: 100, count: 20 } }, 0, async (follower) => {
    await factOf(follower, 'run.started', 'install');
    // It describes itself after it serves; only then it can be asked.
    await noticed(follower, 'under way');
    await follower.report('engaged');
    await factOf(follower, 'run.throttled', 'install');
    await factOf(follower, 'run.paused', 'install');
    await follower.report('away');
    const thawed = await factOf(follower, 'run.thawed', 'install');
    expect(thawed['cpuUsWhileFrozen']).toBe(0);
    await ended(follower, 'install', 'succeeded');
  }),
);
