// A program that renames before its content is on the disk, as many do. The rig has to catch it, or it
// would catch nobody.

import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Subject } from '../subject.js';

const text = (version: number): string => `version ${String(version)} `.repeat(2_000);

async function put(directory: string, version: number): Promise<void> {
  const file = join(directory, 'file');
  await writeFile(`${file}.next`, text(version));
  await rename(`${file}.next`, file);
}

export const careless: Subject = {
  prepare: (directory) => put(directory, 1),
  write: (directory) => put(directory, 2),
  problems: async (directory) => {
    const found = await readFile(join(directory, 'file'), 'utf8');
    return [1, 2].some((version) => text(version) === found)
      ? []
      : [`neither the old nor the new: ${String(found.length)} characters`];
  },
};
