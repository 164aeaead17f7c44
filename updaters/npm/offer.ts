// The registry's document about a package, read without trust: what does not have the expected shape
// is left out.

import semver from 'semver';
import { at, isObject, textAt } from '../../sdk/json.js';
import type { Offer, OfferedVersion } from './target.js';

/** Undefined when the document is not one about a package with a `latest` version. */
export function offerOf(document: unknown): Offer | undefined {
  const latest = textAt(at(document, 'dist-tags'), 'latest');
  const versions = at(document, 'versions');
  if (latest === undefined || semver.valid(latest) === null || !isObject(versions))
    return undefined;
  return { latest, versions: Object.entries(versions).map(([each, about]) => one(each, about)) };
}

function one(version: string, about: unknown): OfferedVersion {
  const unpacked = at(at(about, 'dist'), 'unpackedSize');
  const deprecated = at(about, 'deprecated');
  return {
    version,
    nodeRange: textAt(at(about, 'engines'), 'node'),
    deprecated: deprecated === true || (typeof deprecated === 'string' && deprecated !== ''),
    unpackedBytes:
      typeof unpacked === 'number' && Number.isSafeInteger(unpacked) && unpacked >= 0
        ? unpacked
        : undefined,
  };
}
