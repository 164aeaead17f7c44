// Which bucket it is that goes by the name of the groups': one that was deleted and made again is another.

import type { JetStreamManager } from '@nats-io/jetstream';
import * as z from 'zod';
import { GROUPS_BUCKET } from '../../proto/subjects.js';
import { within } from '../../runtime/deadline.js';

/** A cluster that nobody leads just then leaves the question without an answer, later too. */
const ASK_MS_MAX = 2_000;

const identitySchema = z.object({
  created: z.string(),
  /** Not told by servers before 2.10, which `--allow-lossy` takes. */
  ts: z.string().optional(),
  state: z.object({ last_seq: z.number() }),
});

export interface BucketIdentity {
  /** When it was made, as the server tells it. */
  readonly created: string;
  /** How long ago that was, by the server's own clock; 0 where it does not tell: then nobody is given a place too soon. */
  readonly ageMs: number;
  /** The revision that was written last. */
  readonly lastRevision: number;
}

export async function identityOf(jsm: JetStreamManager): Promise<BucketIdentity> {
  const asked = jsm.streams.info(`KV_${GROUPS_BUCKET}`);
  return identityIn(await within(asked, ASK_MS_MAX, 'which bucket of groups it is'));
}

/** @param answer what a server says of the bucket's stream. */
export function identityIn(answer: unknown): BucketIdentity {
  const { created, ts = created, state } = identitySchema.parse(answer);
  const ageMs = Date.parse(ts) - Date.parse(created);
  return { created, ageMs, lastRevision: state.last_seq };
}
