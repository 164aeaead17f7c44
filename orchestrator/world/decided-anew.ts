// What is decided by the world and appended to it, where others append as well. Whoever decides here can look
// at what came between and decide once more; nobody who called has to be sent back for that.

import type { ReasonCode } from '../../conditions/reason.js';

/** Each time somebody else was first: with as many at one instant, the last one is through at the last try. */
const TRIES_MAX = 16;

/** Somebody else has written of the same since what this was decided on, and nothing was appended. */
export class DecidedOnOldError extends Error {
  readonly code = 'FLEET_BUSY' satisfies ReasonCode;

  constructor() {
    super(
      'others change the same in the fleet all the time; look again, and try again in a moment',
    );
  }
}

/**
 * @param decideAndAppend decides on the ledger as it is then, and appends what comes of it once.
 * @throws DecidedOnOldError when somebody else was first each time, and whatever it throws.
 */
export async function decidedAnew<T>(decideAndAppend: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await decideAndAppend();
    } catch (error) {
      if (!(error instanceof DecidedOnOldError) || tries >= TRIES_MAX) throw error;
    }
  }
}
