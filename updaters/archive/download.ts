// Brings the file in: the feed says where it lies, the host fetches it by its digest.
//
// Only the host's store keeps content. What is kept here is the plan, so repeating costs little. A plan
// whose file could not be had is made anew: whoever mends the feed is not held to what was wrong.

import { fail, UpdaterFailure } from '../../sdk/failure.js';
import type { Artifact } from '../../sdk/host.js';
import type { Outcome, PerformCall } from '../../sdk/updater.js';
import { offersOf } from './feed.http.js';
import type { Offer, SafeOffer } from './offer.js';
import type { Wanted } from './wanted.js';
import { isOf, planned, removePlan, writePlan, type Target } from './work.fs.js';

/** As much as the manifest's `disk_mb`. */
const FILE_BYTES_MAX = 2_048 * 1_000_000;

export async function download(
  call: PerformCall,
  wanted: Wanted,
  target: Target,
): Promise<Outcome> {
  call.progress(0, 'looking where it lies');
  const offer =
    (await planned(call.workDir, wanted, target)) ?? (await found(call, wanted, target));
  if (offer === undefined) return { kind: 'gone' };
  await writePlan(call.workDir, wanted, offer);
  try {
    await fetchFile(call, offer, (done) => {
      call.progress(done, `downloading ${offer.name}`);
    });
  } catch (error) {
    await removePlan(call.workDir);
    throw error;
  }
  return { kind: 'more_to_do', nextAction: 'install' };
}

/** Undefined where the feed has withdrawn it, or has something else under its name. */
async function found(
  call: PerformCall,
  wanted: Wanted,
  target: Target,
): Promise<SafeOffer | undefined> {
  const isSafe = (offer: Offer): offer is SafeOffer => offer.digest !== undefined;
  const offers = (await offersOf(call, wanted)).filter(isSafe);
  return offers.find((offer) => isOf(offer, target));
}

/**
 * What the host has already costs it a look.
 * @param onProgress told how much of it is there, 0 to 1.
 */
export async function fetchFile(
  call: PerformCall,
  offer: SafeOffer,
  onProgress: (done: number) => void,
): Promise<Artifact> {
  const { url, digest, sizeBytes } = offer;
  const order = {
    ...{ url, digests: [digest], sizeMaxBytes: FILE_BYTES_MAX },
    ...(sizeBytes !== undefined && { sizeBytes }),
  };
  try {
    return await call.host.fetch(order, (received, total) => {
      if (total !== undefined && total > 0) onProgress(Math.min(received / total, 1));
    });
  } catch (error) {
    throw explained(error, offer);
  }
}

/** The host's refusal, with what a person can do about it. */
function explained(error: unknown, { url, name }: Offer): unknown {
  if (!(error instanceof UpdaterFailure) || error.reason !== 'GRANT_MISSING') return error;
  return fail(
    'GRANT_MISSING',
    `${name} lies at ${new URL(url).origin}, and it or where that leads to is neither below the setting ` +
      `"files" nor below "redirect". Bind them to what "curl -sIL ${url}" shows. (${error.message})`,
    { cause: error },
  );
}
