// The journals of a fleet, as one of its orchestrators opens them: none that lacks what was seen of it, and none
// anew beside those that somebody has seen.

import { join } from 'node:path';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import { CloseStack, type Closeable } from '../../runtime/shutdown.js';
import type { Head } from '../journal/chain.js';
import type { Journal } from '../journal/journal.js';
import { openJournalOn } from '../journal/open.jetstream.js';
import { openWitness, type Witness } from '../journal/witness.fs.js';
import { answerForSeen, whoHasSeen } from './seen.nats.js';

export interface FleetJournals extends Closeable {
  readonly witness: Witness;
  readonly open: (partition: string) => Promise<Journal>;
  /** How far a partition's was seen. */
  readonly saw: Witness['saw'];
}

export async function openJournals(deps: {
  readonly nats: Nats;
  /** Of this orchestrator. */
  readonly name: string;
  readonly stateDir: string;
  readonly replicaCount: number;
  readonly allowLossy: boolean;
  readonly log: Log;
}): Promise<FleetJournals> {
  const { nats, name, stateDir, replicaCount, allowLossy, log } = deps;
  const opened = new CloseStack(log);
  const file = join(stateDir, 'journals-seen.json');
  const witness = opened.add('witness', await openWitness({ file, allowLossy, log }));
  const answers = opened.add('seen', answerForSeen(nats, name, log));
  if (witness.hasSeen) answers.begin();

  /** None is begun beside those that this one, or another, has seen. */
  async function mayBegin(): Promise<boolean> {
    if (witness.hasSeen) return false;
    const other = await whoHasSeen(nats);
    if (other !== undefined) log.info({ orchestrator: other }, 'another one has seen journals');
    return other === undefined;
  }

  return {
    witness,
    open: (partition) =>
      witness.confirmed(partition, async () => {
        const mayCreate = allowLossy || (await mayBegin());
        const options = { partition, log, replicaCount, allowLossy, mayCreate };
        return await openJournalOn(nats.connection, options);
      }),
    saw: (partition: string, head: Head) => {
      if (head.sequence === 0) return;
      witness.saw(partition, head);
      answers.begin();
    },
    close: () => opened.close(),
  };
}
