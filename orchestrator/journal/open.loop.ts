// Opens a journal wherever it is. Code of NATS is loaded only where one is kept there.

import type { Log } from '../../runtime/log.js';
import type { TlsFiles } from '../../runtime/nats.js';
import type { Journal } from './journal.js';
import type { JournalPlace } from './place.js';
import { openSqliteJournal } from './sqlite.js';

export interface JournalOptions {
  readonly log: Log;
  readonly tls?: TlsFiles;
  /** Of NATS, as `lull keys` wrote them. */
  readonly credsFile?: string;
  /** Copies that a new stream is to have, on so many servers. */
  readonly replicaCount: number;
  /** Takes a server that may lose what it acknowledged. */
  readonly allowLossy: boolean;
}

/** Closing the journal closes its connection too. */
export async function openJournal(place: JournalPlace, options: JournalOptions): Promise<Journal> {
  if (place.kind === 'file') return await openSqliteJournal(place.path);
  const { openStreamJournal } = await import('./open.jetstream.js');
  return await openStreamJournal(place, options);
}
