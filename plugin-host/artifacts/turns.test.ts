import { expect, test } from '@jest/globals';
import { createTurns } from './turns.js';

const never = new AbortController().signal;

test('turns of a name follow each other; one that gave up holds nobody back', async () => {
  const turns = createTurns();
  const order: string[] = [];
  const first = await turns.take('a', never);
  const givingUp = new AbortController();
  const second = turns.take('a', givingUp.signal);
  const third = turns.take('a', never).then((end) => {
    order.push('third');
    end();
  });
  givingUp.abort();
  await expect(second).rejects.toMatchObject({ code: 'RUN_OVER' });
  const other = await turns.take('b', never);
  other();
  order.push('first ends');
  first();
  await third;
  expect(order).toEqual(['first ends', 'third']);
  await expect(turns.take('a', AbortSignal.abort())).rejects.toMatchObject({ code: 'RUN_OVER' });
  (await turns.take('a', never))();
});
