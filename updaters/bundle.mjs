// Makes the bundle of an updater: one file of code, beside its manifest.
//
//   node updaters/bundle.mjs <updater> [directory]   →   <directory>/bundle/main.mjs, <directory>/manifest.json
//
// The directory is dist/updaters/<updater> unless another one is given.
//
// Signing and packing (`lull bundle pack`) take it from there.

import { copyFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const [name = '', directory] = process.argv.slice(2);
if (!/^[a-z][a-z0-9-]*$/.test(name)) {
  console.error('usage: node updaters/bundle.mjs <updater> [directory], for example: npm');
  process.exit(2);
}
const source = fileURLToPath(new URL(`${name}/`, import.meta.url));
const target = directory ?? fileURLToPath(new URL(`../dist/updaters/${name}`, import.meta.url));

await rm(`${target}/bundle`, { recursive: true, force: true });
await build({
  entryPoints: [`${source}main.ts`],
  outfile: `${target}/bundle/main.mjs`,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // What ships can be read by whoever has to vouch for it.
  minify: false,
  legalComments: 'inline',
  // grpc-js needs it for services that an updater does not serve (channelz, xDS).
  external: ['@grpc/proto-loader'],
  // CommonJS dependencies call require() for Node's own modules.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
await copyFile(`${source}manifest.json`, `${target}/manifest.json`);
