// Builds the bundle of the updater that is stopped: one file of code, and its stamper.

import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { signBundle, type SignedBundle } from '../signed-bundle.spawn.js';

const run = promisify(execFile);
const COMPILE_MS_MAX = 60_000;

/** Sources lie in the checkout, beside the build. */
const source = fileURLToPath(new URL('../../../bench/reaction/', import.meta.url));

export interface BuiltUpdater extends SignedBundle {
  readonly stamper: 'C' | 'Node.js';
}

export async function buildUpdater(scratch: string): Promise<BuiltUpdater> {
  const directory = join(scratch, 'bundle');
  mkdirSync(directory);
  await bundle(join(source, 'updater/main.ts'), join(directory, 'main.mjs'));
  const compiled = await compile(join(source, 'updater/stamper.c'), join(directory, 'stamper'));
  if (!compiled) await bundle(join(source, 'stamper/main.ts'), join(directory, 'stamper.mjs'));
  const manifestFile = join(source, 'updater/manifest.json');
  const signed = await signBundle(scratch, { directory, manifestFile });
  return { ...signed, stamper: compiled ? 'C' : 'Node.js' };
}

/** As updaters/bundle.mjs does it for those that ship. */
export async function bundle(entryPoint: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [entryPoint],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['@grpc/proto-loader'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
}

/** @returns false where there is no compiler. */
export async function compile(from: string, to: string): Promise<boolean> {
  try {
    await run('gcc', ['-O2', '-Wall', '-Werror', '-static', '-o', to, from], {
      timeout: COMPILE_MS_MAX,
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
