// Connects to the server of a partition, and refuses one that may lose what it acknowledges.

import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { formatBytes } from '../../conditions/words.js';
import { pause } from '../../runtime/deadline.js';
import type { Log } from '../../runtime/log.js';
import { connectNats, type Nats, type TlsFiles } from '../../runtime/nats.js';
import { whyLossy } from './durability.jetstream.js';
import { ENTRY_BYTES_MAX } from './fact-size.js';
import { openJetStreamJournal } from './jetstream.js';
import { JournalError, type Journal } from './journal.js';
import { placeText, type StreamPlace } from './place.js';

export interface StreamOptions {
  readonly log: Log;
  readonly tls?: TlsFiles;
  /** As `lull keys` wrote them. */
  readonly credsFile?: string;
  /** Copies that a new stream is to have, on so many servers. */
  readonly replicaCount: number;
  /** Takes a server that may lose what it acknowledged. */
  readonly allowLossy: boolean;
}

const API_MS_MAX = 10_000;
/** The largest entry, and what is around it in its message. */
const PAYLOAD_BYTES_MIN = ENTRY_BYTES_MAX + 4 * 1024;

export async function openStreamJournal(
  place: StreamPlace,
  options: StreamOptions,
): Promise<Journal> {
  const nats = await connected(place, options);
  try {
    const { partition } = place;
    const journal = await openJournalOn(nats.connection, {
      ...options,
      partition,
      mayCreate: true,
    });
    return {
      ...journal,
      close: async () => {
        await journal.close();
        await nats.close();
      },
    };
  } catch (error) {
    await nats.close();
    throw error;
  }
}

async function connected(
  place: StreamPlace,
  { log, tls, credsFile }: StreamOptions,
): Promise<Nats> {
  try {
    return await connectNats({
      url: place.url,
      name: `lull journal ${place.partition}`,
      ...(tls === undefined ? {} : { tls }),
      ...(credsFile === undefined ? {} : { credsFile }),
      log,
    });
  } catch (error) {
    const why = (error as Error).message;
    throw new JournalError('JOURNAL_BROKEN', `${placeText(place)} cannot be reached: ${why}`, {
      cause: error,
    });
  }
}

/** What there is on a server, over a connection that stays open. */
export function streamsOn(connection: NatsConnection): Promise<JetStreamManager> {
  return jetstreamManager(connection, { timeout: API_MS_MAX, checkAPI: false });
}

/** Over a connection that stays open when the journal is closed. */
export async function openJournalOn(
  connection: NatsConnection,
  options: Omit<StreamOptions, 'tls'> & {
    readonly partition: string;
    readonly mayCreate: boolean;
  },
): Promise<Journal> {
  const { partition, log, replicaCount, allowLossy, mayCreate } = options;
  const jsm = await jetstreamManager(connection, { timeout: API_MS_MAX });
  const payloadBytesMax = connection.info?.max_payload ?? 0;
  if (payloadBytesMax < PAYLOAD_BYTES_MIN) {
    const message = `the server takes messages of ${formatBytes(payloadBytesMax)}, and an entry of a journal may need ${formatBytes(PAYLOAD_BYTES_MIN)}: set max_payload: 1MB, as it is unless it is set`;
    throw new JournalError('JOURNAL_BROKEN', message);
  }
  const journal = await openJetStreamJournal({
    js: jetstream(connection, { timeout: API_MS_MAX }),
    jsm,
    payloadBytesMax,
    partition,
    replicaCount,
    mayCreate,
    pause,
  });
  const lossy = await whyLossy(connection, jsm);
  if (lossy !== undefined) {
    if (!allowLossy) {
      const message = `the journal would not survive a power cut: ${lossy}. Or accept that with --allow-lossy.`;
      throw new JournalError('JOURNAL_BROKEN', message);
    }
    log.warn({ partition }, `the journal may not survive a power cut: ${lossy}`);
  }
  return journal;
}
