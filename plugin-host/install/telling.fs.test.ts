// What was changed in a root is told until the journal has it, whatever is killed or withdrawn meanwhile.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { treesOfFile } from '../trees/trees.testing.js';
import { openRig, type Rig } from './rig.testing.js';

const trees = treesOfFile();
let rig: Rig;

beforeEach(async () => {
  rig = await openRig({ trees });
});

afterEach(async () => {
  await rig.close();
});

/** What the next process tells at its start: of which run and epoch, and by which receipt. */
async function toldAtStart(): Promise<string[]> {
  rig.restart();
  await rig.installer.recoverAll();
  const told: string[] = [];
  await rig.installer.tellUnheard(({ runId, epoch }, { receiptId, reverted }) => {
    told.push(`${runId} ${String(epoch)} ${receiptId}${reverted ? ' reverted' : ''}`);
  });
  return told;
}

/** As a crash leaves it that came between the receipt and what it is for, or right after that. */
async function halfDone(receiptId: string): Promise<void> {
  const file = join(rig.versions, 'receipts', `${receiptId}.json`);
  const receipt = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, JSON.stringify({ ...receipt, done: false }));
}

test('a host that was killed after a Commit tells of it at its start, though nobody repeats the run', async () => {
  const { id } = await rig.commit('a', { x: '1' }, rig.newRun('a', { epoch: 7 }));
  expect(await toldAtStart()).toEqual([`a 7 ${id}`]);
  // Killed once more before anybody heard it: again.
  expect(await toldAtStart()).toEqual([`a 7 ${id}`]);
  await halfDone(id);
  expect(await toldAtStart()).toEqual([`a 7 ${id}`]);
});

test('what the journal has is not told again, neither at a start nor to its run', async () => {
  const { id } = await rig.commit('a', { x: '1' });
  await rig.installer.heard({ path: rig.root, receiptId: id });
  expect(await toldAtStart()).toEqual([]);
  const again = rig.newRun('a');
  expect((await rig.commit('a', { x: '1' }, again)).id).toBe(id);
  expect(again.events).toEqual([]);
});

test('a run that is repeated after all tells nothing that was told at the start', async () => {
  await rig.commit('a', { x: '1' });
  expect(await toldAtStart()).toHaveLength(1);
  const again = rig.newRun('a', { epoch: 2 });
  await rig.commit('a', { x: '1' }, again);
  expect(again.events).toEqual([]);
});

test('of a Commit that a crash prevented nothing is told', async () => {
  await rig.commit('a', { x: '1' });
  const shows = await readlink(rig.root);
  const { id } = await rig.commit('b', { x: '2' });
  await halfDone(id);
  await rm(rig.root);
  await symlink(shows, rig.root);
  expect((await toldAtStart()).map((each) => each.split(' ')[0])).toEqual(['a']);
});

test('what the host took back is told as that', async () => {
  await rig.commit('a', { x: '1' });
  const { id } = await rig.commit('b', { x: '2' });
  for (const receiptId of await receiptIds()) {
    await rig.installer.heard({ path: rig.root, receiptId });
  }
  const run = rig.newRun('undo', { epoch: 9 });
  const undone = await rig.installer.undo({ run, receiptId: id, path: rig.root });
  expect(await toldAtStart()).toEqual([`undo 9 ${undone?.id ?? ''} reverted`]);
});

test('what somebody else has put in place of the receipts is not told', async () => {
  await rig.commit('a', { x: '1' });
  await rm(rig.versions, { recursive: true });
  await symlink('/usr', rig.versions);
  expect(await toldAtStart()).toEqual([]);
});

async function receiptIds(): Promise<string[]> {
  const names = await readdir(join(rig.versions, 'receipts'));
  return names.map((name) => name.replace('.json', ''));
}
