// An updater that comes with Lull, packed and signed with the key of a stage.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lull } from '../../harness/lull.spawn.js';
import type { Stage } from './stage.js';

/** @returns the path of the .lull file. */
export async function packUpdater(stage: Stage, name: 'npm' | 'archive'): Promise<string> {
  const source = fileURLToPath(new URL(`../../updaters/${name}/`, import.meta.url));
  const out = join(stage.directory, `${name}.lull`);
  const manifest = join(stage.directory, `${name}-manifest.json`);
  const published = JSON.parse(readFileSync(join(source, 'manifest.json'), 'utf8')) as object;
  // As it is published, but for the hour between two scans, which nobody who tests has.
  writeFileSync(manifest, JSON.stringify({ ...published, scan: { sla_h: 22, floor_h: 0 } }));
  await lull([
    ...['bundle', 'pack', join(source, 'bundle'), '--manifest', manifest],
    ...['--key', stage.keyFile, '--out', out],
  ]);
  return out;
}
