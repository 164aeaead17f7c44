import { expect, test } from '@jest/globals';
import { oneAtATime } from './one-at-a-time.loop.js';

function slow() {
  const ends: (() => void)[] = [];
  let begun = 0;
  const act = oneAtATime(async () => {
    begun += 1;
    const mine = begun;
    await new Promise<void>((resolve) => ends.push(resolve));
    if (mine === 3) throw new Error('the third');
    return mine;
  });
  return { act, begun: () => begun, end: () => ends.shift()?.() };
}

test('whoever asks while it goes on shares the next time, and nobody is given what had begun before', async () => {
  const { act, begun, end } = slow();
  const first = act();
  const later = [act(), act(), act()];
  expect(begun()).toBe(1);
  end();
  expect(await first).toBe(1);
  end();
  expect(await Promise.all(later)).toEqual([2, 2, 2]);
  expect(begun()).toBe(2);
});

test('one that fails is told to those who asked for it, and the next one goes on', async () => {
  const { act, end } = slow();
  const before = [act(), act()];
  end();
  await before[0];
  const third = act();
  end();
  await before[1];
  await Promise.resolve();
  end();
  await expect(third).rejects.toThrow('the third');
  const fourth = act();
  end();
  expect(await fourth).toBe(4);
});
