import { expect, test } from '@jest/globals';
import { WayOut } from './way-out.loop.js';

test('a run that takes the launch while the way out of the run before is being closed keeps its own', async () => {
  const closed: string[] = [];
  let goOn: () => void = () => undefined;
  const late = new Promise<void>((resolve) => (goOn = resolve));
  const wayOut = new WayOut((run: string) =>
    Promise.resolve({
      close: async () => {
        if (run === 'first') await late;
        closed.push(run);
      },
    }),
  );
  await wayOut.open('first');
  const closing = wayOut.close();
  await wayOut.open('second');
  goOn();
  await closing;
  expect(closed).toEqual(['first']);
  await wayOut.close();
  expect(closed).toEqual(['first', 'second']);
});

test('where nothing was granted there is none', async () => {
  const wayOut = new WayOut(undefined);
  await wayOut.open('run');
  await wayOut.close();
});
