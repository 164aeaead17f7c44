// What a stored bundle has to look like, from the manifest alone.

import type { Manifest } from '../../bundle/manifest.js';

const FILE_MODE = 0o444;
const PROGRAM_MODE = 0o555;
export const DIRECTORY_MODE = 0o555;

export type ExpectedFile = Manifest['bundle']['files'][number] & { readonly mode: number };

interface ExpectedEntry {
  readonly files: ReadonlyMap<string, ExpectedFile>;
  /** Directories below the entry's own, parents first. */
  readonly directories: ReadonlySet<string>;
}

export function expectedEntry(bundle: Manifest['bundle']): ExpectedEntry {
  const directories = new Set<string>();
  for (const { path } of bundle.files) {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth += 1) {
      directories.add(parts.slice(0, depth).join('/'));
    }
  }
  return {
    files: new Map(
      bundle.files.map((file) => [
        file.path,
        { ...file, mode: file.executable ? PROGRAM_MODE : FILE_MODE },
      ]),
    ),
    directories,
  };
}
