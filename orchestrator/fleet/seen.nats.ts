// Who has seen the fleet's journals: asked by an orchestrator that has not, before it begins any.
//
// Invariant: only those who have seen some can be asked. So nobody waits for an answer at the first start of
// a fleet: the server says that nobody is there.

import { RequestError, type Subscription } from '@nats-io/transport-node';
import { subjects } from '../../proto/subjects.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { hearSaid, marked, reply } from '../link/say.nats.js';

const ASK_MS_MAX = 5_000;

export interface SeenAnswers extends Closeable {
  /** From now on this one answers. */
  begin(): void;
}

/** @param self the name of this orchestrator. */
export function answerForSeen({ connection }: Nats, self: string, log: Log): SeenAnswers {
  let asks: Subscription | undefined;
  return {
    begin: () => {
      asks ??= hearSaid(connection, subjects.seen, log, (message) => {
        reply(message, self, log);
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
    const asked = { timeout: ASK_MS_MAX, headers: marked() };
    return (await connection.request(subjects.seen, '', asked)).string();
  } catch (error) {
    if (error instanceof RequestError && error.isNoResponders()) return undefined;
    // Whoever can be asked has seen some, also one that stands still.
    if ((error as Error).name === 'TimeoutError') return 'one that does not answer';
    throw error;
  }
}
