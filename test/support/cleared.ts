// What a stage leaves on the machine, cleared away: at its end, or by the next tests where its own were
// killed.

import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimantOf } from '../../runtime/claim.fs.js';
import { mountsBelow, processesAfterKill, removeGroups, unmountWork } from './leftovers.js';

/** Whose it is: the process that plays on it has claimed its directory by this name. */
export const STAGE = 'stage';
export const STAGE_PREFIX = 'lull-';

export interface StagePlaces {
  readonly directory: string;
  readonly runDir: string;
  readonly stateDir: string;
}

export function placesOf(directory: string): StagePlaces {
  return { directory, runDir: join(directory, 'run'), stateDir: join(directory, 'state') };
}

export async function clearStage(directory: string): Promise<void> {
  const places = placesOf(directory);
  const left = await processesAfterKill(places);
  // What a Lull that was killed leaves until the next start; a failed test has no next start.
  removeGroups(places);
  unmountWork(places);
  // Removing through a mount would remove what is mounted.
  const mounted = mountsBelow(directory);
  if (mounted.length > 0) {
    throw new Error(`still mounted: ${[...mounted, ...left].join(', ')}`);
  }
  await rm(directory, { recursive: true, force: true });
}

/** Stages of tests that were killed. Others may be at them as well, and directories of another kind. */
export function abandonedStages(): string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith(STAGE_PREFIX))
    .map((name) => join(tmpdir(), name))
    .filter((directory) => wasClaimed(directory) && claimantOf(directory, STAGE) === undefined);
}

function wasClaimed(directory: string): boolean {
  try {
    return readdirSync(directory).some((name) => name.startsWith(`.${STAGE}.`));
  } catch {
    return false; // Not a directory, or gone by now.
  }
}
