// The stream that keeps every partition's journal, and whether its server keeps what it acknowledges.
//
// Invariants:
//   S1. A stream that could let go of an entry (by age, size, count, a purge) is refused: what is in the
//       journal happened, and stays.
//   S2. It is created for whoever knows of no journal yet, and for nobody else: a server that came back
//       empty is not taken for a new one.

import {
  JetStreamApiCodes,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { isSubjectName, subjects } from '../../proto/subjects.js';
import { askBeside } from '../../runtime/beside.js';
import { JournalError } from './journal.js';
import { isOutOfReach } from './reach.jetstream.js';

export const STREAM = 'LULL_JOURNAL';

const wanted = {
  name: STREAM,
  subjects: [subjects.journal('*')],
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  max_age: 0,
  max_bytes: -1,
  max_msgs: -1,
  max_msgs_per_subject: -1,
  deny_delete: true,
  deny_purge: true,
  allow_direct: true,
} as const;

export function subjectOf(partition: string): string {
  if (!isSubjectName(partition)) {
    const rule = 'lower case letters, digits and hyphens, at most 63';
    throw new JournalError('JOURNAL_BROKEN', `"${partition}" names no partition: ${rule}`);
  }
  return subjects.journal(partition);
}

/**
 * Creates the stream where it is missing and may be created (S2).
 * @throws JournalError when one is there that lets go, or none is.
 */
export async function openStream(
  jsm: JetStreamManager,
  { replicaCount, mayCreate }: { readonly replicaCount: number; readonly mayCreate: boolean },
): Promise<void> {
  try {
    const { config } = await aboutStream(jsm, STREAM);
    const wrong = differences(config);
    if (wrong.length === 0) return;
    const message = `the stream ${STREAM} would not keep a journal: ${wrong.join(', ')}. Move it away, or give it these settings.`;
    throw new JournalError('JOURNAL_BROKEN', message);
  } catch (error) {
    if (!isMissing(error)) throw error;
    if (!mayCreate) throw streamLost(); // S2
  }
  try {
    const made = { ...wanted, subjects: [...wanted.subjects], num_replicas: replicaCount };
    await jsm.streams.add(made);
  } catch (error) {
    const isNo = error instanceof JetStreamApiError && !isOutOfReach(error);
    if (replicaCount === 1 || !isNo) throw error;
    const copies = String(replicaCount);
    const message = `the server makes no ${copies} copies of a journal: ${error.message}. They lie on ${copies} servers of one cluster, which have to be up: see whether they are, or ask for fewer with --journal-copies.`;
    throw new JournalError('JOURNAL_BROKEN', message, { cause: error });
  }
}

/** A cluster in which nobody leads it just then leaves the question without an answer, later too. */
export function aboutStream(
  jsm: Pick<JetStreamManager, 'streams'>,
  stream: string,
): Promise<StreamInfo> {
  return askBeside(`the stream ${stream}`, () => jsm.streams.info(stream));
}

/** S1 */
function differences(config: StreamConfig): string[] {
  return Object.entries(wanted).flatMap(([key, value]) => {
    const found = config[key as keyof StreamConfig];
    if (JSON.stringify(found) === JSON.stringify(value)) return [];
    return [`${key} is ${JSON.stringify(found)} and should be ${JSON.stringify(value)}`];
  });
}

export function streamLost(): JournalError {
  const message = `the server has no stream ${STREAM} any more`;
  return new JournalError('JOURNAL_LOST', message);
}

export function isMissing(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
}
