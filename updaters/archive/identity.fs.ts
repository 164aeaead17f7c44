// Who this updater is. Equal to what the manifest says: the contract asks for it.
//
// It looks after one program, and a machine has many: each has an updater with an id of its own, which
// `updaters/bundle.mjs --id` writes into the manifest, and into a file beside the code.

import { readFile } from 'node:fs/promises';
import type { Description } from '../../sdk/updater.js';

const ID = 'dev.lull.archive';

export async function ownId(): Promise<string> {
  try {
    return (await readFile(new URL('id', import.meta.url), 'utf8')).trim();
  } catch (error) {
    // Bundled under the id that it is published with.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ID;
    throw error;
  }
}

export function descriptionOf(id: string): Description {
  return {
    name: id,
    version: '0.1.0',
    capabilities: { rollback: true, verify: true },
    software: ['a program published as an archive or as one file'],
  };
}
