// The journal of a machine by itself. One on a server is held against what was seen of it, as those of a
// fleet are: a server that comes back empty is no machine that is new.

import { join } from 'node:path';
import type { StreamOptions } from './open.jetstream.js';
import { openJournal } from './open.loop.js';
import type { Journal } from './journal.js';
import type { JournalPlace } from './place.js';
import { openWitness } from './witness.fs.js';

/**
 * @param stateDir where it is kept what was seen.
 * @throws JournalError JOURNAL_LOST where the server has it no more.
 */
export async function openWitnessed(
  place: JournalPlace,
  stateDir: string,
  options: StreamOptions,
): Promise<Journal> {
  if (place.kind === 'file') return await openJournal(place, options);
  const { partition } = place;
  const { allowLossy, log } = options;
  const file = join(stateDir, 'journals-seen.json');
  const witness = await openWitness({ file, allowLossy, log });
  const journal = await witness.confirmed(partition, () => openJournal(place, options));
  let hasSeen = false;
  return {
    ...journal,
    append: async (entries) => {
      await journal.append(entries);
      const last = entries.at(-1);
      if (hasSeen || last === undefined) return;
      hasSeen = true; // The first of each start; what came since is seen at its end.
      witness.saw(partition, last);
    },
    close: async () => {
      try {
        witness.saw(partition, await journal.head());
      } catch (error) {
        log.warn({ err: error }, 'what was written last is not kept as seen');
      }
      await witness.close();
      await journal.close();
    },
  };
}
