import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseSource, type Source } from './source.js';
import { folders } from './tables.js';

/** The repository that this file was built in, wherever its build lies. */
export function repositoryRoot(): string {
  let at = import.meta.dirname;
  while (!existsSync(join(at, 'package.json'))) at = dirname(at);
  return at;
}

/** Every source of the house, generated code aside. */
export function readSources(root: string): Source[] {
  return [...folders.keys()].flatMap((folder) =>
    typescriptBelow(root, folder).map((path) =>
      parseSource(path, readFileSync(join(root, path), 'utf8')),
    ),
  );
}

function typescriptBelow(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return path === 'proto/gen' ? [] : typescriptBelow(root, path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}
