// Copies what runs, and nothing else, into a directory: the built services, the command line, and the
// packages that they need. deploy/Dockerfile makes its image of it, and so do the tests.
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
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { root } from './steps.mjs';

/** Below dist/: what `lull` loads. Tests, benchmarks, the demonstration and the SDK stay out. */
const built = [
  ...['bundle', 'cli', 'conditions', 'orchestrator', 'plugin-host', 'proto', 'runtime'],
  'sensor-service',
];
const notRun = /\.(d\.ts|js\.map|tsbuildinfo)$|\.test\.js$|\.testing\.js$/;
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
const target = `${place}.partial`;
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const name of ['package.json', 'LICENSE']) copy(name);
for (const name of built) copy(`dist/${name}`, notRun);
for (const path of productionPackages()) copy(path, notLoaded);
openToAll(target); // I2
chmodSync(join(target, 'dist/cli/main.js'), 0o755);
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

/** Every package that is no development dependency and is installed here; those of other platforms are not. */
function productionPackages() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && dev !== true && devOptional !== true)
    .map(([path]) => path)
    .filter((path) => existsSync(join(root, path)));
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
