// What a prefix holds: the packages that `npm install --global` put there.

import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { textAt } from '../../sdk/json.js';
import { binsOf, type Bins } from './bins.js';
import { isPackageName } from './package-name.js';

/** More than anybody installs; a bound on what one scan asks of the registry. */
const PACKAGES_MAX = 1_000;
const PACKAGE_JSON_BYTES_MAX = 1024 * 1024;

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly bins: Bins;
}

export function packageDir(prefixDir: string, name: string): string {
  return join(prefixDir, 'lib', 'node_modules', name);
}

/** One package; undefined when it is not there or its package.json says too little. */
export async function installedPackage(
  prefixDir: string,
  name: string,
): Promise<InstalledPackage | undefined> {
  const path = join(packageDir(prefixDir, name), 'package.json');
  try {
    const found = await lstat(path);
    if (!found.isFile() || found.size > PACKAGE_JSON_BYTES_MAX) return undefined;
    const about: unknown = JSON.parse(await readFile(path, 'utf8'));
    const version = textAt(about, 'version');
    return version === undefined ? undefined : { name, version, bins: binsOf(about) };
  } catch {
    // Missing, unreadable or not JSON: all of them are "no package that we know".
    return undefined;
  }
}

/** All packages but npm itself, which Node.js brings along. Links are somebody's own work (T9). */
export async function installedPackages(prefixDir: string): Promise<InstalledPackage[]> {
  const top = packageDir(prefixDir, '');
  const names: string[] = [];
  for (const entry of await directoriesIn(top)) {
    if (!entry.startsWith('@')) names.push(entry);
    else names.push(...(await directoriesIn(join(top, entry))).map((each) => `${entry}/${each}`));
  }
  const wanted = names.filter((name) => name !== 'npm' && isPackageName(name));
  const found = [];
  for (const name of wanted.slice(0, PACKAGES_MAX)) {
    const installed = await installedPackage(prefixDir, name);
    if (installed !== undefined) found.push(installed);
  }
  return found;
}

export async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // Not there, or behind what is none.
    return false;
  }
}

async function directoriesIn(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((each) => each.isDirectory()).map((each) => each.name);
  } catch (error) {
    // An empty prefix has no lib/node_modules yet.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
