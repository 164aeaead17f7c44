import { expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { startUpkeep, UPKEEP_EVERY_MS } from './upkeep.loop.js';

const log = createLog('test', 'silent');

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test('chores are done at the start and every while, one that fails or not, until the end', async () => {
  const clock = new VirtualClock();
  const done: string[] = [];
  const chore = (what: string, act: () => Promise<void>) => ({
    what,
    act: () => {
      done.push(what);
      return act();
    },
  });
  const upkeep = startUpkeep(
    [chore('a', () => Promise.reject(new Error('no disk'))), chore('b', () => Promise.resolve())],
    { clock, log },
  );
  await settle();
  expect(done).toEqual(['a', 'b']);
  clock.advance(UPKEEP_EVERY_MS);
  await settle();
  expect(done).toEqual(['a', 'b', 'a', 'b']);
  await upkeep.close();
  clock.advance(UPKEEP_EVERY_MS * 2);
  await settle();
  expect(done).toHaveLength(4);
});
