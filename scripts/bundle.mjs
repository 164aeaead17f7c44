// Makes what ships of what tsc built: `lull` in a few dozen files that lie in dist/lull, with the packages that it
// uses. A process that opens a thousand modules spends half of its start on finding them: decision 190.
//
//   node scripts/bundle.mjs   →   dist/lull/main.js, chunks, threads and programs of its own, licenses.txt
//
// Invariants:
//   B1. It is replaced when all of it is made.
//   B2. Who names a file beside it, new URL('./x.js', import.meta.url), finds it: all of them lie in dist/lull
//       itself, as deep as the folders they come from.
//   B3. The licences of whatever is in it lie beside it.
//   B4. Of a package in CommonJS that is imported later, everything but `default` would be lost without a word:
//       nobody asks such a one for more. A file of our own imports it, and is imported later itself.
//   B5. It says what it was made of, so that nobody runs an old one: made-of.json, which build.mjs reads.

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { lookOf, root } from './steps.mjs';

const TARGET = 'dist/lull';
const PARTIAL = 'dist/lull.partial';
const BEFORE = 'dist/lull.before';
/** By the name under which it is called. */
const entryPoints = {
  main: 'dist/cli/main.js',
  'sqlite.worker': 'dist/orchestrator/journal/sqlite.worker.js',
  'trees.worker': 'dist/plugin-host/trees/trees.worker.js',
  'inventory.worker': 'dist/sensor-service/probe/inventory.worker.js',
  'dial-as.worker': 'dist/sensor-service/probe/dial-as.worker.js',
  // Copied into a sandbox by itself: it shares no code.
  'canary/main': 'dist/plugin-host/self-test/canary/main.js',
};
/** Handed on to people who read it: it is not bundled. */
const asItIs = { 'export/verify.js': 'dist/cli/commands/export/verify.js' };
/** What a bundle changes with besides its inputs. npm writes its list at every installation. */
const alsoMadeOf = [
  'scripts/bundle.mjs',
  ...Object.values(asItIs),
  'node_modules/.package-lock.json',
];

if (!existsSync(join(root, entryPoints.main))) {
  console.error('nothing is built here that could be bundled: npm run build');
  process.exit(1);
}
rmSync(join(root, PARTIAL), { recursive: true, force: true });
mkdirSync(join(root, PARTIAL), { recursive: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints,
  outdir: PARTIAL,
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // Whoever vouches for it can read it, and a stack trace names functions and lines of it.
  minify: false,
  sourcemap: true,
  sourcesContent: false,
  metafile: true,
  // The one is native. The other is for services of grpc-js that Lull does not serve (channelz, xDS).
  external: ['libsql', '@grpc/proto-loader'],
  // CommonJS dependencies call require() for Node's own modules.
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
  logLevel: 'warning',
});
const inputs = Object.keys(metafile.inputs);
for (const [to, from] of Object.entries(asItIs)) {
  cpSync(join(root, from), join(root, PARTIAL, to));
}
requireNamed(inputs);
requireOwnLater(metafile.inputs);
writeFileSync(join(root, PARTIAL, 'licenses.txt'), licensesOf(inputs));
const madeOf = [...inputs, ...alsoMadeOf].map((path) => [path, lookOf(path)]);
writeFileSync(join(root, PARTIAL, 'made-of.json'), JSON.stringify(Object.fromEntries(madeOf)));
// B1. Whoever starts meanwhile finds the one or the other.
rmSync(join(root, BEFORE), { recursive: true, force: true });
if (existsSync(join(root, TARGET))) renameSync(join(root, TARGET), join(root, BEFORE));
renameSync(join(root, PARTIAL), join(root, TARGET));
rmSync(join(root, BEFORE), { recursive: true, force: true });

/** B2. */
function requireNamed(paths) {
  for (const path of paths.filter((each) => each.startsWith('dist/'))) {
    const text = readFileSync(join(root, path), 'utf8');
    for (const [, named] of text.matchAll(/new URL\('([^']+)', import\.meta\.url\)/g)) {
      if (existsSync(join(root, PARTIAL, named))) continue;
      throw new Error(
        `${path} names ${named}, which is not in the bundle: add it to entryPoints or asItIs in scripts/bundle.mjs`,
      );
    }
  }
}

/** B4. */
function requireOwnLater(all) {
  for (const [path, { imports }] of Object.entries(all)) {
    if (!path.startsWith('dist/')) continue;
    const text = readFileSync(join(root, path), 'utf8');
    for (const { kind, path: target, original } of imports) {
      if (kind !== 'dynamic-import' || all[target]?.format !== 'cjs') continue;
      const asked = new RegExp(`\\{ default: \\w+ \\} = await import\\('${original}'\\)`);
      if (asked.test(text)) continue;
      throw new Error(
        `${path} imports ${original} later, which is CommonJS: import it in a file of its own, and that one later`,
      );
    }
  }
}

/** B3. */
function licensesOf(paths) {
  const byPackage = new Map();
  for (const path of paths) {
    const directory = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
    if (directory !== undefined) {
      byPackage.set(directory, [...(byPackage.get(directory) ?? []), path]);
    }
  }
  return [...byPackage].sort().map(licenseOf).join('\n');
}

function licenseOf([directory, paths]) {
  const read = (path) => readFileSync(join(root, path), 'utf8');
  const { name, version, license } = JSON.parse(read(`${directory}/package.json`));
  const files = readdirSync(join(root, directory)).filter((each) =>
    /^(licen[cs]e|copying|notice)\b/i.test(each),
  );
  if (files.length === 0 && typeof license !== 'string') {
    throw new Error(`${directory} does not say under which licence it is: leave it out`);
  }
  // Who says it at the top of each file may say it there alone.
  const tops = paths.map(
    (path) => /^(?:\s*(?:\/\/.*|\/\*[^]*?\*\/))+/.exec(read(path))?.[0].trim() ?? '',
  );
  const notices = new Set(tops.filter((top) => /copyright/i.test(top)));
  const texts = files.map((file) => read(`${directory}/${file}`).trim());
  return [`=== ${name} ${version}: ${license ?? 'see below'}`, ...texts, ...notices, ''].join(
    '\n\n',
  );
}
