// The least that a manifest says, for tests.

import { parseManifest, type Manifest } from './manifest.js';

export const sha256 = 'a'.repeat(64);

export const leastManifest = {
  contract: 'lull.updater.v1',
  id: 'dev.example.tool',
  version: '1.2.3',
  publisher: 'example',
  title: 'Example',
  platforms: ['linux'],
  bundle: { sha256, size: 100, files: [{ path: 'bin/main', size: 3, sha256 }] },
  entrypoint: ['./bin/main'],
  runtime: 'host',
  actions: ['download', 'install'],
  scope: 'user-mode',
  limits: { memory_mb: 64, processes: 8, disk_mb: 100 },
};

export function manifestWith(changes: object): Manifest {
  const parsed = parseManifest(Buffer.from(JSON.stringify({ ...leastManifest, ...changes })));
  if (parsed.kind === 'invalid') throw new Error(parsed.problems.join('\n'));
  return parsed.manifest;
}
