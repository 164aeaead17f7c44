// A run's checkpoint: the one that was promised last, or the next.

import { join } from 'node:path';
import { createCheckpoints } from '../../../plugin-host/runs/checkpoints.fs.js';
import type { Subject } from '../subject.js';

const COUNT = 4;
const bytesOf = (count: number): Buffer => Buffer.alloc(20_000, `checkpoint ${String(count)} `);
const dirIn = (directory: string): string => join(directory, 'checkpoints');

export const checkpoint: Subject = {
  prepare: () => Promise.resolve(),
  write: async (directory, promised) => {
    const checkpoints = createCheckpoints({ dir: dirIn(directory) });
    for (let count = 1; count <= COUNT; count += 1) {
      await checkpoints.save('run-1', bytesOf(count));
      promised(count);
    }
  },
  problems: async (directory, promised) => {
    const kept = await createCheckpoints({ dir: dirIn(directory) }).load('run-1');
    const may = [promised, promised + 1];
    if (kept === undefined) return promised === 0 ? [] : ['it is gone'];
    return may.some((count) => bytesOf(count).equals(kept)) ? [] : ['it is neither of the two'];
  },
};
