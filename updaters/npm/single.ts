// The closure of a package that needs nothing but itself: most small programs. npm would write the
// same lockfile, after a start of its own.

import { at, isObject } from '../../sdk/json.js';
import type { Target } from './work.js';

/** What makes npm look at more than the package itself. */
const needs = [
  ...['dependencies', 'optionalDependencies', 'peerDependencies', 'bundleDependencies'],
  ...['bundledDependencies', '_hasShrinkwrap'],
];
/** What the closure and its platforms are judged by. */
const kept = ['version', 'engines', 'os', 'cpu', 'libc', 'bin'];

/** @returns a lockfile, or undefined where only npm can work one out. */
export function lockfileOfSingle(document: unknown, { name, version }: Target): unknown {
  const about = at(at(document, 'versions'), version);
  const dist = at(about, 'dist');
  if (!isObject(about) || !isObject(dist) || needs.some((key) => !isNone(at(about, key)))) {
    return undefined;
  }
  const entry = {
    ...Object.fromEntries(kept.map((key) => [key, at(about, key)])),
    resolved: at(dist, 'tarball'),
    integrity: at(dist, 'integrity'),
  };
  return { lockfileVersion: 3, packages: { [`node_modules/${name}`]: entry } };
}

function isNone(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
