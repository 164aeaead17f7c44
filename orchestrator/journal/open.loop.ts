// Opens a journal wherever it is. Code of NATS is loaded only where one is kept there.

import type { Journal } from './journal.js';
import type { StreamOptions } from './open.jetstream.js';
import type { JournalPlace } from './place.js';
import { openSqliteJournal } from './sqlite.js';

/** Closing the journal closes its connection too. */
export async function openJournal(place: JournalPlace, options: StreamOptions): Promise<Journal> {
  if (place.kind === 'file') return await openSqliteJournal(place.path);
  const { openStreamJournal } = await import('./open.jetstream.js');
  return await openStreamJournal(place, options);
}
