// A Node.js of a side's own. Processes that run one file share its pages, and each is charged a part of
// them: beside others of this benchmark a process would seem to take 30 MB less than where it is the only
// one, as Lull is on most machines.

import { constants, copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** @returns the program. */
export function ownNode(scratch: string, side: string): string {
  const directory = join(scratch, `node-${side}`, 'bin');
  mkdirSync(directory, { recursive: true });
  const program = join(directory, 'node');
  copyFileSync(process.execPath, program, constants.COPYFILE_FICLONE);
  return program;
}
