// Images out of what is installed here, because none can be fetched on every machine: a base with Node.js,
// npm, runc and the few programs that Lull runs, the built tree of this checkout, and on them the image
// that deploy/Dockerfile makes, as it makes it for everybody.

import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../architecture/tree.fs.js';
import type { Engine } from './docker.spawn.js';

const run = promisify(execFile);

export const LULL_IMAGE = 'lull-test';
export const NATS_IMAGE = 'lull-test-nats';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const programs = [
  ...['sh', 'env', 'test', 'cat', 'cp', 'ln', 'mkdir', 'chmod', 'chown', 'rm', 'rmdir', 'sleep'],
  ...['mount', 'umount', 'mkfs.ext4', 'e2fsck', 'nice', 'ionice', 'du', 'perl', 'runc', 'tini'],
];
/** Loaded by what is not a program: SQLite's module, and the resolver. */
const libraries = ['librt.so.1', 'libresolv.so.2', 'libnss_files.so.2', 'libnss_dns.so.2'];

/** Makes LULL_IMAGE. */
export async function buildLull(engine: Engine): Promise<void> {
  const root = repositoryRoot();
  await withDirectory(async (dir) => {
    const base = join(dir, 'base');
    layBase(base);
    await importTree(engine, base, 'lull-test-base');
    const built = join(dir, 'built');
    await run(process.execPath, [join(root, 'scripts/image-tree.mjs'), join(built, 'opt/lull')]);
    await importTree(engine, built, 'lull-test-built');
    const args = ['BASE=lull-test-base', 'BUILT=lull-test-built'];
    await engine.docker([
      ...['build', '--network', 'none', '--tag', LULL_IMAGE, '--file'],
      ...[join(root, 'deploy/Dockerfile'), ...args.flatMap((each) => ['--build-arg', each])],
      // Nothing of it is used when the tree comes from an image.
      join(root, 'deploy'),
    ]);
  });
}

/** Makes NATS_IMAGE, with what the official one has of programs that docker-compose.yml uses. */
export async function buildNats(engine: Engine, natsServer: string): Promise<void> {
  await withDirectory(async (dir) => {
    const base = join(dir, 'base');
    layBase(base);
    copyProgram(base, natsServer, '/usr/bin/nats-server');
    const wget = join(base, 'usr/bin/wget');
    writeFileSync(wget, WGET);
    chmodSync(wget, 0o755);
    await importTree(engine, base, NATS_IMAGE, ['ENTRYPOINT ["nats-server"]']);
  });
}

/** `wget -q -O /dev/null URL`, as far as its exit code. */
const WGET = `#!/usr/bin/node
fetch(process.argv.at(-1)).then(({ ok }) => process.exit(ok ? 0 : 8), () => process.exit(4));
`;

function layBase(base: string): void {
  for (const dir of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(base, 'usr', dir), { recursive: true });
    symlinkSync(`usr/${dir}`, join(base, dir));
  }
  for (const dir of ['etc', 'proc', 'sys', 'dev', 'run', 'var/lib', 'tmp']) {
    mkdirSync(join(base, dir), { recursive: true });
  }
  chmodSync(join(base, 'tmp'), 0o1777);
  writeFileSync(join(base, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(base, 'etc/group'), 'root:x:0:\n');
  const node = realpathSync(process.execPath);
  copyProgram(base, node, '/usr/bin/node');
  for (const name of programs) {
    const path = which(name);
    copyProgram(base, path, path.replace(/^\/(usr\/)?(local\/)?/, '/usr/'));
  }
  const libc = librariesOf(node).find((path) => path.includes('libc.so')) ?? '';
  for (const name of libraries) {
    const path = join(dirname(libc), name);
    if (existsSync(path)) copyLibrary(base, path);
  }
  const npm = dirname(dirname(realpathSync(which('npm'))));
  cpSync(npm, join(base, 'usr/lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(base, 'usr/bin/npm'));
}

function which(name: string): string {
  const found = PATH.split(':')
    .map((dir) => join(dir, name))
    .find(existsSync);
  const path = name === 'npm' ? join(dirname(process.execPath), 'npm') : found;
  if (path === undefined) throw new Error(`${name} is not installed`);
  return path;
}

function copyProgram(base: string, from: string, to: string): void {
  mkdirSync(dirname(join(base, to)), { recursive: true });
  copyFileSync(realpathSync(from), join(base, to));
  for (const library of librariesOf(from)) copyLibrary(base, library);
}

function copyLibrary(base: string, path: string): void {
  const to = join(base, path.replace(/^\/(usr\/)?/, '/usr/'));
  if (existsSync(to)) return;
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(realpathSync(path), to);
}

/** None for a program that is linked statically, or a script. */
function librariesOf(program: string): string[] {
  try {
    const text = execFileSync('ldd', [program], { encoding: 'utf8', stdio: 'pipe' });
    return [...text.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
  } catch {
    return [];
  }
}

async function importTree(
  engine: Engine,
  tree: string,
  name: string,
  changes: readonly string[] = [],
): Promise<void> {
  const tar = `${tree}.tar`;
  await run('tar', ['-C', tree, '-c', '-f', tar, '--owner=0', '--group=0', '.']);
  await engine.docker(['import', ...changes.flatMap((each) => ['--change', each]), tar, name]);
}

async function withDirectory(make: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'lull-image-'));
  try {
    await make(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
