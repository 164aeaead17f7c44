// Which bucket it is that goes by the name of the groups': one that was deleted and made again is another.

import type { JetStreamManager } from '@nats-io/jetstream';
import { z } from 'zod';
import { GROUPS_BUCKET } from '../../proto/subjects.js';

const identitySchema = z.object({ created: z.string(), ts: z.string() });

/** When it was made, and how long ago, by the server's own clock. */
export async function identityOf(
  jsm: JetStreamManager,
): Promise<{ created: string; ageMs: number }> {
  const { created, ts } = identitySchema.parse(await jsm.streams.info(`KV_${GROUPS_BUCKET}`));
  return { created, ageMs: Date.parse(ts) - Date.parse(created) };
}
