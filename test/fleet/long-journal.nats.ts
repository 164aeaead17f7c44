// Journals as the machines of a fleet make them in weeks, written in seconds while nobody leads.

import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { chainEntry, type StoredEntry } from '../../orchestrator/journal/chain.js';
import type { Fact } from '../../orchestrator/journal/fact.js';
import { openJetStreamJournal } from '../../orchestrator/journal/jetstream.js';
import { pause } from '../../runtime/deadline.js';
import type { Nats } from '../../runtime/nats.js';

/** As many as an orchestrator stores in one message when many come at once. */
const AT_ONCE = 500;

/** Goes on with the journal of a partition. */
export async function lengthen(
  { connection }: Nats,
  partition: string,
  count: number,
  factAt: (at: number) => Fact,
): Promise<void> {
  const journal = await openJetStreamJournal({
    ...{ js: jetstream(connection), jsm: await jetstreamManager(connection), pause },
    ...{ partition, replicaCount: 1, mayCreate: true },
    payloadBytesMax: connection.info?.max_payload ?? 0,
  });
  let head = await journal.head();
  for (let begun = 0; begun < count; begun += AT_ONCE) {
    const entries: StoredEntry[] = [];
    for (let at = begun; at < Math.min(begun + AT_ONCE, count); at += 1) {
      const { sequence, atMs, body, hash } = chainEntry(head, 1_000, factAt(at));
      entries.push({ sequence, atMs, body, hash });
      head = { sequence, hash };
    }
    await journal.append(entries);
  }
  await journal.close();
}

/** An hour of one of so many machines, the most frequent entry at rest. */
export function hourOfMachine(at: number, machineCount: number): Fact {
  const machine = `old-${String(at % machineCount)}`;
  return { kind: 'rhythm.hour', hourOfWeek: at % 168, awayS: 1_800, returns: 2, machine };
}
