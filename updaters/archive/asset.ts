// The name of the file that holds a version, and what kind of file it is: pure.

import { isOfLine, readVersion } from './version.js';

/** "{version}", or "{version:22}" for versions that begin with 22 alone. */
const placeholder = /\{version(?::(\d{1,9}(?:\.\d{1,9}){0,3}))?\}/;

export interface AssetPattern {
  readonly before: string;
  readonly after: string;
  /** The line of versions; empty: all of them. */
  readonly line: string;
  /** False where the name is the same for each version. */
  readonly hasVersion: boolean;
}

/** Undefined for what names no file. T7: a name is no path. */
export function readPattern(text: string): AssetPattern | undefined {
  const found = placeholder.exec(text);
  const at = found?.index ?? text.length;
  const before = text.slice(0, at);
  const after = text.slice(at + (found?.[0].length ?? 0));
  if (!/^[\w.+@~-]{1,200}$/.test(found === null ? text : before + after)) return undefined;
  return { before, after, line: found?.[1] ?? '', hasVersion: found !== null };
}

/**
 * The version in a file's name; undefined where the name is not of this pattern.
 * @param tag what the release is called: it has the version where the name does not.
 */
export function versionIn(
  { before, after, line, hasVersion }: AssetPattern,
  name: string,
  tag?: string,
): string | undefined {
  if (!hasVersion) return name === before ? versionOfTag(tag ?? '') : undefined;
  if (name.length <= before.length + after.length) return undefined;
  if (!name.startsWith(before) || !name.endsWith(after)) return undefined;
  const text = name.slice(before.length, name.length - after.length).replace(/^v/, '');
  const version = readVersion(text);
  return version !== undefined && isOfLine(version, line) ? text : undefined;
}

/** "v1.2.3", "jq-1.7.1", "cli/v2.0": what stands at the end and begins with a number. */
function versionOfTag(tag: string): string | undefined {
  const text = /(?:^|[^0-9A-Za-z.])v?(\d[0-9A-Za-z.+~_-]*)$/.exec(tag)?.[1];
  return text !== undefined && readVersion(text) !== undefined ? text : undefined;
}

export type Compression = 'gzip' | 'xz' | 'zstd' | 'bzip2';

/** How a file is packed: what is no archive is the program itself. */
export interface Packing {
  readonly archive: 'tar' | 'zip' | undefined;
  readonly compression: Compression | undefined;
}

const endings: readonly (readonly [RegExp, Compression])[] = [
  [/\.(?:t?gz)$/, 'gzip'],
  [/\.(?:t?xz)$/, 'xz'],
  [/\.(?:t?zst)$/, 'zstd'],
  [/\.(?:tbz2?|bz2)$/, 'bzip2'],
];

/** By the end of its name, as its makers and whoever named it mean it. */
export function packingOf(name: string): Packing {
  if (name.endsWith('.zip')) return { archive: 'zip', compression: undefined };
  const compression = endings.find(([ending]) => ending.test(name))?.[1];
  const isTar = /\.tar(?:\.[a-z0-9]+)?$|\.t(?:gz|xz|zst|bz2?)$/.test(name);
  return { archive: isTar ? 'tar' : undefined, compression };
}
