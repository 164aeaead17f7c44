// What a checkout makes of itself: its dependencies, the code from proto/, the build, and the bundles. Each step
// looks at what it would make, and does nothing when that is there already.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow, lookOf, root, runStep } from './steps.mjs';

/** What was made of what: digests of it. */
const STAMP = 'dist/.setup.json';
/** The updaters that come with Lull. */
const UPDATERS = ['npm', 'archive'];

export async function installDependencies({ quiet }) {
  if (dependenciesAreCurrent()) return;
  // npm says in npm_execpath which npm called us: the one to go on with.
  const npm = process.env.npm_execpath;
  const command = npm?.endsWith('.js') ? [process.execPath, npm] : [npm ?? 'npm'];
  await runStep('installing dependencies', [...command, 'ci', '--ignore-scripts'], { quiet });
}

/** Whether what npm says it installed is what the lockfile wants; packages of other platforms aside. */
function dependenciesAreCurrent() {
  const installed = readJson('node_modules/.package-lock.json')?.packages;
  if (installed === undefined) return false;
  const wanted = Object.entries(readJson('package-lock.json').packages);
  return wanted.every(([path, { integrity, optional }]) => {
    if (path === '') return true;
    const found = installed[path];
    return found === undefined ? optional === true : found.integrity === integrity;
  });
}

export async function generateCode({ quiet }) {
  const digest = digestOf([
    ...filesBelow('proto', (path) => path.endsWith('.proto') || path.endsWith('.yaml')),
    'node_modules/ts-proto/package.json',
    'node_modules/@bufbuild/buf/package.json',
  ]);
  if (readStamp().generated === digest && existsSync(join(root, 'proto/gen/lull'))) return;
  const buf = join(root, 'node_modules/.bin/buf');
  await runStep('generating code from proto/', [buf, 'generate'], { quiet, cwd: 'proto' });
  writeStamp({ generated: digest });
}

export async function build({ quiet }) {
  const sources = digestOf(filesBelow('.', (path) => /\.(ts|mjs|json)$/.test(path)));
  const digest = `${sources} ${readStamp().generated}`;
  const bundler = existsSync(join(root, 'updaters/bundle.mjs'));
  const bundleOf = (name) => join(root, 'dist/updaters', name, 'bundle/main.mjs');
  const bundled = !bundler || UPDATERS.every((name) => existsSync(bundleOf(name)));
  if (readStamp().built === digest && existsSync(join(root, 'dist/test')) && bundled) return;
  const node = process.execPath;
  await runStep('building', [node, 'node_modules/typescript/bin/tsc', '-b'], { quiet });
  removeOrphans();
  for (const name of bundler ? UPDATERS : []) {
    const command = [node, 'updaters/bundle.mjs', name];
    await runStep(`bundling the updater ${name}`, command, { quiet });
  }
  writeStamp({ built: digest });
}

/** Makes what ships of what is built, whoever built it. */
export async function bundle({ quiet }) {
  const madeOf = Object.entries(readJson('dist/lull/made-of.json') ?? {});
  if (madeOf.length > 0 && madeOf.every(([path, look]) => lookOf(path) === look)) return;
  await runStep('bundling lull', [process.execPath, 'scripts/bundle.mjs'], { quiet });
}

/** Removes what was built from sources that are gone: jest would go on running their tests. */
function removeOrphans() {
  const built = (path) => /\.(js|js\.map|d\.ts)$/.test(path) && !path.startsWith('dist/lull/');
  for (const path of filesBelow('dist', built)) {
    const source = path.replace(/^dist\//, '').replace(/\.(js|js\.map|d\.ts)$/, '.ts');
    if (!existsSync(join(root, source))) rmSync(join(root, path));
  }
}

function digestOf(paths) {
  const hash = createHash('sha256');
  for (const path of [...paths].sort()) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8'));
  } catch (error) {
    // Absent or half-written: the step that makes it runs again.
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function readStamp() {
  return readJson(STAMP) ?? {};
}

function writeStamp(change) {
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(join(root, STAMP), JSON.stringify({ ...readStamp(), ...change }));
}
