// Where a journal is, as a person says it.

import type { StreamOptions } from '../../orchestrator/journal/open.jetstream.js';
import { JournalError } from '../../orchestrator/journal/journal.js';
import { journalPlace, PlaceError, type JournalPlace } from '../../orchestrator/journal/place.js';
import { CommandError } from '../failure.js';
import { natsFiles } from './nats-place.js';
import { wholeNumber } from './numbers.js';

export type JournalSettings = Omit<StreamOptions, 'log'>;

/** The exit code where a journal is another's by now: decision 181. */
const JOURNAL_TAKEN = 4;

/** What JetStream offers. */
const COPIES_MAX = 5;

export function parsePlace(text: string): JournalPlace {
  try {
    return journalPlace(text);
  } catch (error) {
    if (!(error instanceof PlaceError)) throw error;
    throw new CommandError(`"${text}" is no place for a journal: ${error.message}`, 2);
  }
}

export function copiesFrom(text: string, option = '--journal-copies'): number {
  return wholeNumber(option, text, { min: 1, max: COPIES_MAX });
}

export function journalSettings(
  flags: {
    readonly journalCopies: string;
    readonly allowLossy: boolean;
    readonly natsCreds?: string;
  },
  env: Readonly<Record<string, string | undefined>>,
): JournalSettings {
  return {
    replicaCount: copiesFrom(flags.journalCopies),
    allowLossy: flags.allowLossy,
    ...natsFiles(flags, env),
  };
}

/** What `lull up` ends with when its journal goes no further. */
export function journalEnded(error: Error): CommandError {
  const why = `the journal goes no further: ${error.message}`;
  if (!(error instanceof JournalError) || error.code !== 'SEQUENCE_TAKEN') {
    return new CommandError(`${why}. Nothing starts without it; what it says stays.`);
  }
  const mend = 'Two Lulls never share one: end the other, or give one of them another --journal';
  return new CommandError(`${why}. ${mend}; then start this one again.`, JOURNAL_TAKEN);
}
