// Which bucket it is that goes by the name of the groups': one that was deleted and made again is another.

import type { JetStreamManager } from '@nats-io/jetstream';
import { z } from 'zod';
import { GROUPS_BUCKET } from '../../proto/subjects.js';
import { within } from '../../runtime/deadline.js';

/** A cluster that nobody leads just then leaves the question without an answer, later too. */
const ASK_MS_MAX = 2_000;

const identitySchema = z.object({
  created: z.string(),
  ts: z.string(),
  state: z.object({ last_seq: z.number() }),
});

export interface BucketIdentity {
  /** When it was made, as the server tells it. */
  readonly created: string;
  /** How long ago that was, by the server's own clock. */
  readonly ageMs: number;
  /** The revision that was written last. */
  readonly lastRevision: number;
}

export async function identityOf(jsm: JetStreamManager): Promise<BucketIdentity> {
  const asked = jsm.streams.info(`KV_${GROUPS_BUCKET}`);
  const answer = await within(asked, ASK_MS_MAX, 'which bucket of groups it is');
  const { created, ts, state } = identitySchema.parse(answer);
  const ageMs = Date.parse(ts) - Date.parse(created);
  return { created, ageMs, lastRevision: state.last_seq };
}
