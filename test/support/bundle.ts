// Signed bundles of fixture updaters. One program, test/fixtures/<name>.ts or the folder of this name,
// serves many cases: what it is called, its version and how it behaves lie beside it in the bundle, as
// fixture.json.

import { build } from 'esbuild';
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { lull } from '../../harness/lull.spawn.js';
import { repositoryRoot } from '../architecture/tree.fs.js';

export interface BundleOptions {
  readonly id?: string;
  readonly version?: string;
  /** Members of the manifest that differ from those of `fixtureManifest`. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** What the fixture finds in fixture.json besides its id and version. */
  readonly behaviour?: Readonly<Record<string, unknown>>;
  /** Private keys that sign; none: an unsigned bundle. */
  readonly keyFiles: readonly string[];
  /** Where the bundle is put together and packed. */
  readonly directory: string;
}

const root = repositoryRoot();
const BUF_MS_MAX = 60_000;
const built = new Map<string, Promise<string>>();

/** Packs the fixture `name`. @returns the path of the .lull file. */
export async function packFixture(name: string, options: BundleOptions): Promise<string> {
  const { id = 'dev.lull.fixture', version = '1.0.0', directory, keyFiles } = options;
  const source = join(directory, 'bundle');
  mkdirSync(source, { recursive: true });
  await writeProgram(name, source);
  writeFileSync(
    join(source, 'fixture.json'),
    JSON.stringify({ id, version, ...options.behaviour }),
  );
  const manifest = join(directory, 'manifest.json');
  const asked = { ...fixtureManifest, id, version, ...options.manifest };
  writeFileSync(manifest, JSON.stringify(asked));
  const out = join(directory, `${id}-${version}.lull`);
  const keys = keyFiles.flatMap((file) => ['--key', file]);
  await lull(['bundle', 'pack', source, '--manifest', manifest, ...keys, '--out', out]);
  return out;
}

const fixtureManifest = {
  contract: 'lull.updater.v1',
  publisher: 'lull',
  title: 'A fixture of the tests',
  platforms: ['linux'],
  entrypoint: ['node', 'main.mjs'],
  runtime: 'node',
  actions: ['download', 'install', 'verify', 'rollback'],
  scope: 'user-mode',
  settings: [{ name: 'apps', kind: 'path', why: 'the application that is kept up to date' }],
  install_roots: [{ name: 'apps', path: '{apps}' }],
  limits: { memory_mb: 512, processes: 64, disk_mb: 64, run_s: 60 },
  // A scan that crashed is repeated at once: its floor would keep a test waiting for an hour.
  scan: { sla_h: 22, floor_h: 0 },
};

async function writeProgram(name: string, into: string): Promise<void> {
  const folder = join(root, 'test/fixtures', name);
  if (!existsSync(folder)) {
    const code = built.get(name) ?? bundled(name);
    built.set(name, code);
    writeFileSync(join(into, 'main.mjs'), await code);
    return;
  }
  for (const file of readdirSync(folder)) copyFileSync(join(folder, file), join(into, file));
  const buf = join(root, 'node_modules/.bin/buf');
  const args = ['build', '--as-file-descriptor-set', '--exclude-source-info'];
  await promisify(execFile)(buf, [...args, '-o', join(into, 'contract.binpb')], {
    cwd: join(root, 'proto'),
    timeout: BUF_MS_MAX,
  });
}

async function bundled(name: string): Promise<string> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL(`../fixtures/${name}.js`, import.meta.url))],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['@grpc/proto-loader'],
    // CommonJS dependencies call require() for Node's own modules.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  return result.outputFiles[0]?.text ?? '';
}
