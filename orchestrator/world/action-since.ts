// Since when an update waits for its next action, and in which start of the machine that began.

import type { UpdateState, World } from './world.js';

type Since = Pick<UpdateState, 'actionSinceMs' | 'actionSinceBoot'>;

/** What waits from now on. */
export function actionFrom({ bootId }: World, actionSinceMs: number): Since {
  return { actionSinceMs, ...(bootId === undefined ? {} : { actionSinceBoot: bootId }) };
}

/** What goes on waiting. A clock that was set back has it waiting since now, at the latest. */
export function actionSince({ actionSinceMs, actionSinceBoot }: UpdateState, atMs: number): Since {
  const sinceMs = Math.min(actionSinceMs, atMs);
  return { actionSinceMs: sinceMs, ...(actionSinceBoot === undefined ? {} : { actionSinceBoot }) };
}
