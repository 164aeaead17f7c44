// What a feed offers: one file for each version, and which of them to go to. Pure.
//
// Invariants:
//   O1. What is not newer than what is there is no target: a version never goes down.
//   O2. No target without a digest of SHA-256 or stronger.
//   O3. No prerelease is a target, by its version or by its release.

import { fail } from '../../sdk/failure.js';
import type { ContentDigest } from '../../sdk/host.js';
import { compareVersions, readVersion, type Version } from './version.js';

export interface Offer {
  readonly version: string;
  /** Of the file. */
  readonly name: string;
  readonly url: string;
  /** Undefined: the feed has none that is strong enough. */
  readonly digest: ContentDigest | undefined;
  readonly sizeBytes?: number;
  readonly notesUrl?: string;
}

export type SafeOffer = Offer & { readonly digest: ContentDigest };

/**
 * The newest version, if it is newer than what is there.
 * @param installed undefined: nothing is there yet.
 * @throws UpdaterFailure DIGEST_MISSING (O2)
 */
export function chooseOffer(
  offers: readonly Offer[],
  installed: Version | undefined,
): SafeOffer | undefined {
  let best: { readonly offer: Offer; readonly version: Version } | undefined;
  for (const offer of offers) {
    const version = readVersion(offer.version);
    if (version === undefined || version.isPrerelease) continue; // O3
    if (best === undefined || compareVersions(version, best.version) > 0) best = { offer, version };
  }
  if (best === undefined) return undefined;
  if (installed !== undefined && compareVersions(best.version, installed) <= 0) return undefined; // O1
  const { offer } = best;
  const { digest } = offer;
  if (digest === undefined) {
    throw fail(
      'DIGEST_MISSING',
      `the feed has no SHA-256 of ${offer.name}, and what nobody can check is not installed. Bind the ` +
        'setting "feed" to a file of checksums, if its makers publish one',
    );
  }
  return { ...offer, digest };
}

/** Whether there is anything but prereleases. */
export function hasRelease(offers: readonly Offer[]): boolean {
  return offers.some(({ version }) => readVersion(version)?.isPrerelease === false);
}

/** "sha256:…" as releases have it, or the hexadecimal digits of a file of checksums. */
export function digestOf(text: string): ContentDigest | undefined {
  const [, named, digits = ''] = /^(?:(sha256|sha512):)?([0-9a-f]+)$/i.exec(text.trim()) ?? [];
  const algorithm = digits.length === 64 ? 'sha256' : digits.length === 128 ? 'sha512' : undefined;
  if (algorithm === undefined || (named ?? algorithm).toLowerCase() !== algorithm) return undefined;
  return { algorithm, hex: digits.toLowerCase() };
}

/** A digest as an update has it: at most 128 characters. */
export function digestText({ algorithm, hex }: ContentDigest): string {
  return `${algorithm}-${Buffer.from(hex, 'hex').toString('base64')}`;
}
