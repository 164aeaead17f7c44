// The registry's document about a package, read without trust: what does not have the expected shape
// is left out.

import semver from 'semver';
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

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** T24: own properties only. */
export function at(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

export function textAt(value: unknown, key: string): string | undefined {
  const text = at(value, key);
  return typeof text === 'string' ? text : undefined;
}
