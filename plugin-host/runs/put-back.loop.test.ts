import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { lstat, rm } from 'node:fs/promises';
import { openRig, type Rig } from '../install/rig.testing.js';
import { newPass } from '../trees/pass.js';
import { treesOfFile } from '../trees/trees.testing.js';
import { putBack } from './put-back.loop.js';
import type { RunEvent } from './event.js';
import type { Grant } from './grant.js';

const trees = treesOfFile();
let rig: Rig;
let events: RunEvent[];

beforeEach(async () => {
  rig = await openRig({ trees });
  events = [];
});

afterEach(async () => {
  await rig.close();
});

function back(...receiptIds: string[]) {
  const grant = { runId: 'u', epoch: 1, limits: { previousVersions: 3 } } as Grant;
  const roots = receiptIds.map((receiptId) => ({ receiptId, root: 'tools', path: rig.root }));
  const course = {
    pauses: { thawed: () => Promise.resolve(), pass: newPass() },
    over: new AbortController().signal,
    emit: (event: RunEvent) => void events.push(event),
  };
  return putBack({ grant, roots }, rig.installer, course);
}

test('a root that was committed twice is put back to what was there before both', async () => {
  const limits = { ...rig.newRun('any').limits, previousVersions: 3 };
  await rig.commit('a', { x: '1' }, rig.newRun('a', { limits }));
  const one = await rig.commit('b', { x: '2' }, rig.newRun('b', { limits }));
  const two = await rig.commit('c', { x: '3' }, rig.newRun('c', { limits }));
  expect(await back(one.id, two.id)).toEqual({ kind: 'succeeded' });
  expect(await rig.shown('x')).toBe('1');
  expect(events.map(({ kind }) => kind)).toEqual(['started', 'installed', 'installed']);
});

test('what is not kept is final, and what can be put back is all the same', async () => {
  const { id } = await rig.commit('a', { x: '1' });
  expect(await back(id, 'f'.repeat(32))).toMatchObject({
    kind: 'failed',
    reason: 'APPLY_FAILED',
    retry: false,
    message: expect.stringContaining(rig.root) as unknown as string,
  });
  await expect(lstat(rig.root)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('where nothing of it is left there is nothing to do', async () => {
  const { id } = await rig.commit('a', { x: '1' });
  await rm(rig.root);
  expect(await back(id)).toEqual({ kind: 'succeeded' });
});
