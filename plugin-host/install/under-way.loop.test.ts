// An updater says that it is done, or is killed, while its Commit is between two steps: what was changed is
// told before the end of its run.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { until } from '../../runtime/until.testing.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { treesOfFile } from '../trees/trees.testing.js';
import { openRig, type Rig } from './rig.testing.js';

const trees = treesOfFile();
let rig: Rig;
let clock: VirtualClock;
/** The swap stands here until it is let go. */
let swapping: (() => void) | undefined;

beforeEach(async () => {
  clock = new VirtualClock();
  swapping = undefined;
  rig = await openRig({
    trees,
    exchange: () =>
      new Promise((resolve) => {
        // There is none: the directory is adopted in two steps.
        swapping = () => {
          resolve(false);
        };
      }),
  });
  await rig.write(rig.root, { x: 'old' });
});

afterEach(async () => {
  await rig.close();
});

test('whoever ends a run waits for the swap that has begun, and for nothing of another run', async () => {
  const run = rig.newRun('a');
  const committed = rig.commit('a', { x: 'new' }, run);
  await until('the swap', () => swapping !== undefined);
  run.end();
  let settled = false;
  const settling = rig.installer.settled('a', clock).then(() => (settled = true));
  await rig.installer.settled('b', clock);
  expect([settled, run.events.length]).toEqual([false, 0]);
  swapping?.();
  await settling;
  expect([settled, run.events.length]).toEqual([true, 1]);
  await committed;
  expect(await rig.shown('x')).toBe('new');
  await rig.installer.settled('a', clock);
});

test('a disk that answers nothing is not waited for without an end', async () => {
  const committed = rig.commit('a', { x: 'new' });
  await until('the swap', () => swapping !== undefined);
  const settling = rig.installer.settled('a', clock);
  clock.advance(10_000);
  await settling;
  swapping?.();
  await committed;
});

test('what was refused is under way no more', async () => {
  const run = rig.newRun('a');
  const refused = rig.installer.commit({ run, root: 'tools', stagedPath: '../x' });
  await expect(refused).rejects.toMatchObject({ code: 'FIELD_INVALID' });
  await rig.installer.settled('a', clock);
});
