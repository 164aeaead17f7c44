// Makes the bundle of an updater: one file of code, beside its manifest.
//
//   node updaters/bundle.mjs <updater> [directory] [--id ID]
//                                      →   <directory>/bundle/main.mjs, <directory>/manifest.json
//
// The directory is dist/updaters/<updater> unless another one is given. With an id, the updater goes by it:
// one that looks after one thing is wanted once for each. It stands in the manifest then, and in its entry
// point, from which the updater has it.
//
// Signing and packing (`lull bundle pack`) take it from there.

import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { name, directory, id } = asked();
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
if (id === undefined) {
  await copyFile(`${source}manifest.json`, `${target}/manifest.json`);
} else {
  const manifest = JSON.parse(await readFile(`${source}manifest.json`, 'utf8'));
  const entrypoint = manifest.entrypoint.map((each) => (each === manifest.id ? id : each));
  const ours = { ...manifest, id, entrypoint };
  await writeFile(`${target}/manifest.json`, `${JSON.stringify(ours, null, 2)}\n`);
}

function asked() {
  try {
    const options = { id: { type: 'string' } };
    const { positionals, values } = parseArgs({ options, allowPositionals: true });
    const [name = '', directory, ...more] = positionals;
    // Only these read it.
    const takesId = values.id === undefined || ['archive', 'command'].includes(name);
    if (/^[a-z][a-z0-9-]*$/.test(name) && more.length === 0 && takesId) {
      return { name, directory, id: values.id };
    }
  } catch (error) {
    console.error(error.message);
  }
  console.error(
    'usage: node updaters/bundle.mjs <updater> [directory] [--id ID], for example: npm\n' +
      '--id is for updaters that look after one thing: archive, command',
  );
  process.exit(2);
}
