// Where a journal is, as a person says it.

import type { JournalOptions } from '../../orchestrator/journal/open.loop.js';
import { journalPlace, PlaceError, type JournalPlace } from '../../orchestrator/journal/place.js';
import { CommandError } from '../failure.js';
import { natsFiles } from './nats-place.js';

export type JournalSettings = Omit<JournalOptions, 'log'>;

/** What JetStream offers. */
const COPIES_MAX = 5;

export function parsePlace(text: string): JournalPlace {
  try {
    return journalPlace(text);
  } catch (error) {
    if (!(error instanceof PlaceError)) throw error;
    throw new CommandError(`"${text}" is no place for a journal: ${error.message}`);
  }
}

export function journalSettings(
  flags: {
    readonly journalCopies: string;
    readonly allowLossy: boolean;
    readonly natsCreds?: string;
  },
  env: Readonly<Record<string, string | undefined>>,
): JournalSettings {
  const replicaCount = Number(flags.journalCopies);
  if (!Number.isInteger(replicaCount) || replicaCount < 1 || replicaCount > COPIES_MAX) {
    throw new CommandError(
      `--journal-copies is 1 to ${String(COPIES_MAX)}, not ${flags.journalCopies}`,
    );
  }
  return { replicaCount, allowLossy: flags.allowLossy, ...natsFiles(flags, env) };
}
