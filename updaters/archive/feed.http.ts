// Reading the feed over the host's proxy, and who signed it.

import { EgressClient, type Answer } from '../../sdk/egress/client.http.js';
import { fail } from '../../sdk/failure.js';
import type { Call } from '../../sdk/updater.js';
import { readFeed, requireOffers } from './feed.js';
import { readKey, signatureProblem, type SigningKey } from './minisign.js';
import type { Offer } from './offer.js';
import type { Wanted } from './wanted.js';

/** A hundred releases with fifty files each, as the largest list them, have half of it. */
const FEED_BYTES_MAX = 16 * 1024 * 1024;
const SIGNATURE_BYTES_MAX = 4 * 1024;
const HEADERS = {
  accept: 'application/vnd.github+json, application/json; q=0.9, */*; q=0.8',
  // GitHub answers nobody who does not say who asks.
  'user-agent': 'lull-archive',
};

/** @throws UpdaterFailure */
export async function offersOf(call: Call, wanted: Wanted): Promise<readonly Offer[]> {
  const key = wanted.key === undefined ? undefined : keyOf(wanted.key);
  const client = new EgressClient(call.egressSocket);
  try {
    const content = await get(client, wanted.feed, FEED_BYTES_MAX, call.signal);
    if (key !== undefined) await requireSigned(client, content, key, call, wanted);
    return requireOffers(readFeed(content.toString('utf8'), wanted), wanted);
  } finally {
    client.close();
  }
}

function keyOf(text: string): SigningKey {
  const key = readKey(text);
  if (key !== undefined) return key;
  throw fail(
    'FIELD_INVALID',
    'the setting "key" wants the second line of a minisign.pub, which begins with RW, or none',
  );
}

async function requireSigned(
  client: EgressClient,
  content: Buffer,
  key: SigningKey,
  { signal }: Call,
  { feed }: Wanted,
): Promise<void> {
  const url = new URL(feed);
  url.pathname += '.minisig';
  const signature = await get(client, url.href, SIGNATURE_BYTES_MAX, signal);
  const problem = signatureProblem(content, signature.toString('utf8'), key);
  if (problem === undefined) return;
  throw fail('SIGNATURE_INVALID', `${url.href} does not vouch for ${feed}: ${problem}`);
}

async function get(
  client: EgressClient,
  url: string,
  bytesMax: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const answer = await client.get(url, { headers: HEADERS, bytesMax, signal });
  const { statusCode, body } = answer;
  if (statusCode === 200) return body;
  if (statusCode === 404 || statusCode === 410) {
    throw fail('FEED_MISSING', `there is nothing at ${url}: look at the setting "feed"`, {
      retry: true,
    });
  }
  if (isAskingForLess(answer)) throw fail('RATE_LIMITED', `${url} asks for fewer requests`);
  throw fail('UPSTREAM_DOWN', `${url} answered ${String(statusCode)}`);
}

/** GitHub says it with 403 as well. */
function isAskingForLess({ statusCode, body }: Answer): boolean {
  return statusCode === 429 || (statusCode === 403 && /rate limit/i.test(body.toString('latin1')));
}
