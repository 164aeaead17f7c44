// Whether nobody else on this machine has the user ids that updaters are to have: those of files, and
// those that a directory service knows.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { CommandError } from '../failure.js';
import type { UidRange } from '../../plugin-host/runs/places.fs.js';
import type { Log } from '../../runtime/log.js';
import { uidsProblem } from './uids.js';

/** A directory service that is far away must not keep Lull from starting. */
const LOOK_MS_MAX = 5_000;
/** More are not asked for one by one: then those count that the machine lists. */
const ASKED_MAX = 1_000;
/** `getent` knows some of them, or none. */
const NOT_ALL = 2;

/** @throws CommandError where somebody has one of them. */
export async function requireFreeUids(range: UidRange, log: Log): Promise<void> {
  const problem = uidsProblem(range, {
    passwd: await entries('passwd', range, log),
    group: await entries('group', range, log),
    subuid: await textOf('/etc/subuid'),
    subgid: await textOf('/etc/subgid'),
  });
  if (problem !== undefined) throw new CommandError(problem);
}

async function entries(
  database: 'passwd' | 'group',
  { first, last }: UidRange,
  log: Log,
): Promise<string> {
  const count = last - first + 1;
  const ids = count > ASKED_MAX ? [] : Array.from({ length: count }, (_, at) => String(first + at));
  const file = await textOf(`/etc/${database}`);
  try {
    const { stdout } = await promisify(execFile)('getent', [database, ...ids], {
      timeout: LOOK_MS_MAX,
      killSignal: 'SIGKILL',
    });
    return `${file}\n${stdout}`;
  } catch (error) {
    const { code, stdout = '' } = error as { readonly code?: unknown; readonly stdout?: string };
    if (code === NOT_ALL) return `${file}\n${stdout}`;
    // Where there is no such program the files are all that there is.
    if (code !== 'ENOENT') {
      log.warn({ err: error, database }, 'who has which id is known from files alone');
    }
    return file;
  }
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return '';
  });
}
