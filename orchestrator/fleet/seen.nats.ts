// Who has seen the fleet's journals: asked by an orchestrator that has not, before it begins any.
//
// Invariant: only those who have seen some can be asked. So nobody waits for an answer at the first start of
// a fleet: the server says that nobody is there.

import { RequestError, type Subscription } from '@nats-io/transport-node';
import { subjects } from '../../proto/subjects.js';
import type { Nats } from '../../runtime/nats.js';
import type { Closeable } from '../../runtime/shutdown.js';

const ASK_MS_MAX = 5_000;

export interface SeenAnswers extends Closeable {
  /** From now on this one answers. */
  begin(): void;
}

/** @param self the name of this orchestrator. */
export function answerForSeen({ connection }: Nats, self: string): SeenAnswers {
  let asks: Subscription | undefined;
  return {
    begin: () => {
      asks ??= connection.subscribe(subjects.seen, {
        callback: (error, message) => {
          if (error === null) message.respond(self);
        },
      });
    },
    close: () => {
      asks?.unsubscribe();
    },
  };
}

/** @returns the name of an orchestrator that has seen journals, where it says it; undefined: none is there. */
export async function whoHasSeen({ connection }: Nats): Promise<string | undefined> {
  try {
    return (await connection.request(subjects.seen, '', { timeout: ASK_MS_MAX })).string();
  } catch (error) {
    if (error instanceof RequestError && error.isNoResponders()) return undefined;
    // Whoever can be asked has seen some, also one that stands still.
    if ((error as Error).name === 'TimeoutError') return 'one that does not answer';
    throw error;
  }
}
