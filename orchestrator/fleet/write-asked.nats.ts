// The fleet's journal, as the orchestrator that leads the fleet's partition writes it: what the others ask for.

import * as z from 'zod';
import { FLEET_PARTITION, subjects } from '../../proto/subjects.js';
import { DeadlineError, within } from '../../runtime/deadline.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { Fact } from '../journal/fact.js';
import { hearSaid, reply } from '../link/say.nats.js';
import type { EntryLog } from '../world/entry-log.loop.js';

/** Before whoever asks has given up. */
const WRITE_MS_MAX = 3_000;
const WORDS_CHARS_MAX = 4_096;

/** What an orchestrator asks to be written. */
const asked = z.object({
  facts: z.array(z.looseObject({ kind: z.string() })),
  /** What the asker has followed; absent: it holds whatever was written meanwhile. */
  after: z.number().int().optional(),
});
/** What it is answered. */
export const answered = z.union([
  z.object({ sequence: z.number().int() }),
  z.object({ refused: z.string() }),
  z.object({ full: z.string() }),
  z.object({ changed: z.literal(true) }),
]);

/** Writes what other orchestrators ask for, while this one leads the fleet's partition. */
export function serveFleetLedger(deps: {
  readonly nats: Nats;
  readonly entries: EntryLog;
  readonly log: Log;
}): Closeable {
  const { entries, log } = deps;
  async function write(body: unknown): Promise<z.infer<typeof answered>> {
    const { facts, after } = asked.parse(body);
    // Of what is on its way already, whoever asked knew nothing either.
    if (after !== undefined && after !== entries.written) {
      return { changed: true };
    }
    try {
      const append = entries.append(facts as unknown as Fact[]);
      await within(append, WRITE_MS_MAX, "an entry of the fleet's journal");
    } catch (error) {
      if (!(error instanceof DeadlineError) || !entries.isFull) throw error;
      return {
        full: "the server of the fleet's journal has no room: it is written, and in force, as soon as there is some",
      };
    }
    return { sequence: entries.head.sequence };
  }
  const { connection } = deps.nats;
  const asks = hearSaid(connection, subjects.ask(FLEET_PARTITION), log, (message) => {
    void write(message.json())
      .catch((failure: unknown) => {
        log.error({ err: failure }, "the fleet's journal was not written");
        return { refused: (failure as Error).message.slice(0, WORDS_CHARS_MAX) };
      })
      .then((answer) => {
        reply(message, JSON.stringify(answer), log);
      });
  });
  return {
    close: () => {
      asks.unsubscribe();
    },
  };
}
