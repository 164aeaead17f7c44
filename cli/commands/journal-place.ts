// Where a journal is, as a person says it.

import type { JournalOptions } from '../../orchestrator/journal/open.loop.js';
import { journalPlace, PlaceError, type JournalPlace } from '../../orchestrator/journal/place.js';
import { CommandError } from '../failure.js';

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
  const caFile = env['LULL_NATS_CA'];
  const [certFile, keyFile] = [env['LULL_NATS_CERT'], env['LULL_NATS_KEY']];
  const own = certFile === undefined || keyFile === undefined ? {} : { certFile, keyFile };
  const tls = caFile === undefined ? {} : { tls: { caFile, ...own } };
  const credsFile = flags.natsCreds ?? env['LULL_NATS_CREDS'];
  const creds = credsFile === undefined ? {} : { credsFile };
  return { replicaCount, allowLossy: flags.allowLossy, ...tls, ...creds };
}
