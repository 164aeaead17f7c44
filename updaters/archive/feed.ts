// What a feed says, read without trust: what does not have the expected shape is left out. Pure.
//
// Two kinds, told apart by how they begin:
//   releases   JSON: as GitHub lists a repository's releases, or only the last one; and as Go lists its own
//   checksums  lines as sha256sum and sha512sum write them, or as BSD's do; versions are in the names

import { fail } from '../../sdk/failure.js';
import { at, isObject, textAt } from '../../sdk/json.js';
import { versionIn } from './asset.js';
import { digestOf, type Offer } from './offer.js';
import type { Wanted } from './wanted.js';

export interface Feed {
  /** Files of the wanted name, in the feed's order. */
  readonly offers: readonly Offer[];
  /** Of some files that it names, for words. */
  readonly names: readonly string[];
}

const NAMES_SHOWN = 6;
const URL_CHARACTERS_MAX = 2_048;

/** @throws UpdaterFailure UPSTREAM_DOWN for what is no feed: a server may have a page in its place. */
export function readFeed(text: string, wanted: Wanted): Feed {
  const isJson = /^\s*[[{]/.test(text);
  const found = isJson ? fromReleases(parsed(text, wanted), wanted) : fromChecksums(text, wanted);
  if (found.names.length > 0) return found;
  throw fail(
    'UPSTREAM_DOWN',
    `what lies at ${wanted.feed} is neither a list of releases with files nor a file of checksums`,
  );
}

/** @throws UpdaterFailure ASSET_MISSING, with the names that there are. */
export function requireOffers({ offers, names }: Feed, wanted: Wanted): readonly Offer[] {
  if (offers.length > 0) return offers;
  throw fail(
    'ASSET_MISSING',
    `no file of the feed is called ${wanted.assetText}: there is none for this machine, or the setting ` +
      `"asset" is not right. It has ${names.slice(0, NAMES_SHOWN).join(', ')}` +
      (names.length > NAMES_SHOWN ? ', …' : ''),
  );
}

function parsed(text: string, { feed }: Wanted): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw fail('UPSTREAM_DOWN', `what lies at ${feed} is cut off, or no JSON`, { cause: error });
  }
}

function fromReleases(document: unknown, wanted: Wanted): Feed {
  const offers: Offer[] = [];
  const names: string[] = [];
  for (const release of Array.isArray(document) ? (document as unknown[]) : [document]) {
    for (const file of filesOf(release)) {
      const name = textAt(file, 'name') ?? textAt(file, 'filename');
      if (name === undefined || !isPlain(name)) continue;
      names.push(name);
      // A prerelease names its files, so that words can, and offers none.
      if (isUnfinished(release)) continue;
      const version = versionIn(wanted.asset, name, textAt(release, 'tag_name'));
      const url = textAt(file, 'browser_download_url') ?? below(wanted.files, name);
      if (version === undefined || !isWebUrl(url)) continue;
      const size = at(file, 'size');
      const notesUrl = textAt(release, 'html_url');
      offers.push({
        ...{ version, name, url },
        digest: digestOf(textAt(file, 'digest') ?? textAt(file, 'sha256') ?? ''),
        ...(Number.isSafeInteger(size) && (size as number) > 0 && { sizeBytes: size as number }),
        ...(notesUrl !== undefined && isWebUrl(notesUrl) && { notesUrl }),
      });
    }
  }
  return { offers, names };
}

/** GitHub's `assets`, Go's `files`. */
function filesOf(release: unknown): readonly unknown[] {
  const files = at(release, 'assets') ?? at(release, 'files');
  return isObject(release) && Array.isArray(files) ? (files as unknown[]) : [];
}

function isUnfinished(release: unknown): boolean {
  return (
    at(release, 'prerelease') === true ||
    at(release, 'draft') === true ||
    at(release, 'stable') === false
  );
}

function fromChecksums(text: string, wanted: Wanted): Feed {
  if (!wanted.asset.hasVersion) {
    throw fail(
      'FIELD_INVALID',
      `a file of checksums says versions only in the names of files: "asset" wants {version} in it`,
    );
  }
  const offers: Offer[] = [];
  const names: string[] = [];
  for (const line of text.split('\n')) {
    const found = checksumIn(line.trim());
    if (found === undefined) continue;
    names.push(found.name);
    const version = versionIn(wanted.asset, found.name);
    if (version === undefined) continue;
    const { name, hex } = found;
    offers.push({ version, name, url: below(wanted.files, name), digest: digestOf(hex) });
  }
  return { offers, names };
}

/** "HEX  name", "HEX *name", "SHA256 (name) = HEX". T8: what is not beside the feed is not asked for. */
function checksumIn(line: string): { readonly name: string; readonly hex: string } | undefined {
  const bsd = /^SHA(?:256|512) \(([^()]{1,255})\) = ([0-9a-f]{64,128})$/i.exec(line);
  const gnu = /^([0-9a-f]{32,128})[ \t]+\*?(\S{1,255})$/i.exec(line);
  const [name, hex] = bsd ? [bsd[1], bsd[2]] : [gnu?.[2], gnu?.[1]];
  const plain = name?.replace(/^\.\//, '');
  if (plain === undefined || hex === undefined || !isPlain(plain)) return undefined;
  return { name: plain, hex };
}

/** Names are shown to whoever asks why. */
function isPlain(name: string): boolean {
  return /^[\w.+@~/() -]{1,255}$/.test(name);
}

function below(files: string, name: string): string {
  return files + encodeURIComponent(name);
}

function isWebUrl(url: string): boolean {
  return url.length <= URL_CHARACTERS_MAX && /^https?:\/\/\S+$/.test(url) && URL.canParse(url);
}
