// Whether a server keeps what it acknowledges. What cannot be seen counts as no.
//
// With its default settings a server syncs every two minutes, and loses in a power cut everything that
// it acknowledged since; see docs/decisions/0073-jetstream-has-to-sync.md.

import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import * as z from 'zod';
import { ABOUT_JETSTREAM } from '../../proto/permissions.js';
import { aboutStream, STREAM } from './stream.jetstream.js';

/** The first version that can sync every write. */
const VERSION_MIN = [2, 10] as const;
/** So many copies survive the loss of one machine, synced or not. */
const REPLICAS_MIN = 3;
const ASK_MS_MAX = 2_000;

const jszSchema = z.object({
  data: z.object({ config: z.object({ sync_always: z.boolean().optional() }) }),
});

/** @returns why it may lose what it acknowledged, or undefined. */
export async function whyLossy(
  connection: NatsConnection,
  jsm: JetStreamManager,
): Promise<string | undefined> {
  const version = connection.info?.version ?? 'of no version';
  if (!isAtLeast(version, VERSION_MIN)) {
    return `nats-server ${version} cannot sync every write: 2.10 and newer can`;
  }
  const { config } = await aboutStream(jsm, STREAM);
  // A server by itself takes an order for more copies, and keeps one.
  const count = connection.info?.cluster === undefined ? 1 : config.num_replicas;
  if (count >= REPLICAS_MIN) return undefined;
  const syncs = await syncsAlways(connection);
  if (syncs === true) return undefined;
  const copies = `the journal has ${String(count)} of ${String(REPLICAS_MIN)} copies`;
  return syncs === false
    ? `${copies} and the server does not sync every write: set jetstream { sync_interval: always }`
    : `${copies} and nobody here may see whether the server syncs every write: export ${ABOUT_JETSTREAM} of the system account to this one`;
}

async function syncsAlways(connection: NatsConnection): Promise<boolean | undefined> {
  try {
    const answer = await connection.request(ABOUT_JETSTREAM, '', { timeout: ASK_MS_MAX });
    const parsed = jszSchema.safeParse(JSON.parse(answer.string()));
    return parsed.success ? parsed.data.data.config.sync_always === true : undefined;
  } catch {
    return undefined; // Nobody answers, or we may not ask: it cannot be seen.
  }
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [have = 0, haveMinor = 0] = version.split('.').map(Number);
  return have > major || (have === major && haveMinor >= minor);
}
