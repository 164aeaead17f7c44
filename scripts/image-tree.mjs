// Copies what runs, and nothing else, into a directory: `lull` as bundle.mjs made it, and what of its packages
// is native. deploy/Dockerfile makes its image of it, and so do the tests.
//
//   node scripts/image-tree.mjs DIRECTORY
//
// Invariants:
//   I1. What is there is replaced when all of it has been copied, and only where it is such a copy: whoever
//       names another directory, as /opt for /opt/lull, loses nothing.
//   I2. Everybody may read it, whatever umask it was made with: an orchestrator is nobody in particular, and
//       ordinary users start it as well.

import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { bundle } from './build.mjs';
import { reportFailure, root } from './steps.mjs';

/** Not bundled: it brings a library for each platform. */
const NATIVE = 'libsql';
/** What only debuggers and the build read. */
const notRun = /\.js\.map$|\/made-of\.json$/;
/** Of packages: what only compilers and debuggers read. */
const notLoaded = /\.(d\.[cm]?ts|map)$/;

const [given] = process.argv.slice(2);
if (given === undefined) {
  console.error('say where to: node scripts/image-tree.mjs DIRECTORY');
  process.exit(2);
}
const place = resolve(given);
if (existsSync(place) && !mayBeReplaced(place)) {
  console.error(`${place} has something else in it: name a directory that is empty, or not there`);
  process.exit(1);
}
try {
  await bundle({ quiet: true });
} catch (error) {
  reportFailure(error);
  process.exit(1);
}
const target = `${place}.partial`;
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const name of ['package.json', 'LICENSE']) copy(name);
copy('dist/lull', notRun);
for (const path of packagesOf(NATIVE)) copy(path, notLoaded);
// Where /usr/bin/lull leads since an earlier version.
mkdirSync(join(target, 'dist/cli'));
symlinkSync('../lull/main.js', join(target, 'dist/cli/main.js'));
openToAll(target); // I2
chmodSync(join(target, 'dist/lull/main.js'), 0o755);
rmSync(place, { recursive: true, force: true });
renameSync(target, place);

function openToAll(directory) {
  chmodSync(directory, 0o755);
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(path, 0o755);
    else if (entry.isFile()) chmodSync(path, (statSync(path).mode & 0o777) | 0o444);
  }
}

/** I1. */
function mayBeReplaced(directory) {
  if (!statSync(directory).isDirectory()) return false;
  if (readdirSync(directory).length === 0) return true;
  const file = join(directory, 'package.json');
  const isOurs = existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name === 'lull';
  // A checkout is Lull's as well, and no copy.
  return isOurs && !existsSync(join(directory, 'scripts'));
}

/** A package and all that it needs, as far as they are installed here; those of other platforms are not. */
function packagesOf(name) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const needed = new Set([`node_modules/${name}`]);
  for (const path of needed) {
    const { dependencies, optionalDependencies } = packages[path];
    for (const each of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const own = `${path}/node_modules/${each}`;
      needed.add(own in packages ? own : `node_modules/${each}`);
    }
  }
  return [...needed].filter((path) => existsSync(join(root, path)));
}

function copy(path, unwanted) {
  const from = join(root, path);
  const to = join(target, path);
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, {
    recursive: true,
    // A package's own dependencies are listed by themselves.
    filter: (each) =>
      !(each !== from && each.endsWith('/node_modules')) &&
      (unwanted === undefined || statSync(each).isDirectory() || !unwanted.test(each)),
  });
}
