// unattended-upgrades on a machine of made-up packages: the program as Debian ships it, in a mount
// namespace in which what it reads and writes is a directory of the benchmark's. Nothing of the machine
// is changed, and nothing is asked of a server.

import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { controlOf, indexOf, releaseOf, type DebianPackage } from './repository.js';

const run = promisify(execFile);
const PROGRAM = '/usr/bin/unattended-upgrade';
const COMMAND_MS_MAX = 120_000;
const ORIGIN = 'LullBenchmark';
/** As in the figures that are known of it. */
const PACKAGE_BYTES = 4 * 1024 * 1024;

/** Where each of its directories lies for the program. */
const places = {
  'etc-apt': '/etc/apt',
  'lib-apt': '/var/lib/apt',
  'cache-apt': '/var/cache/apt',
  'lib-dpkg': '/var/lib/dpkg',
  log: '/var/log',
  run: '/run',
  opt: '/opt',
};
const empty = [
  ...['lib-apt/lists/partial', 'cache-apt/archives/partial', 'log/apt', 'run', 'opt'],
  ...['etc-apt/apt.conf.d', 'etc-apt/preferences.d', 'lib-dpkg/info', 'lib-dpkg/updates'],
];
const SCRIPT = [
  ...Object.entries(places).map(([name, path]) => `mount --bind "$0/${name}" ${path}`),
  'exec "$@"',
].join(' && ');

/** A machine with every package behind. */
export interface World {
  /** Of packages. */
  readonly count: number;
  /** The program and its arguments; it ends when all is up to date. */
  readonly command: readonly [string, ...string[]];
  /** Whether it has begun to change something. */
  hasBegun(): boolean;
  /** How many packages are up to date. */
  updated(): number;
}

/** @returns how to make such machines, or why there are none here. */
export async function openUnattended(
  scratch: string,
  count: number,
): Promise<(() => World) | string> {
  if (!existsSync(PROGRAM)) return 'not installed (apt-get install unattended-upgrades)';
  const names = Array.from({ length: count }, (_, each) => `lull-bench-${String(each + 1)}`);
  const repository = join(scratch, 'debs');
  mkdirSync(repository);
  const old: string[] = [];
  for (const name of names) old.push(await build(scratch, scratch, { name, version: '1' }));
  await fill(scratch, repository, names);
  const first = join(scratch, 'debian');
  makeMachine(first, repository);
  await run(...inside(first, ['dpkg', '--install', ...old]), { timeout: COMMAND_MS_MAX });
  await run(...inside(first, ['apt-get', 'update']), { timeout: COMMAND_MS_MAX });
  let worlds = 0;
  return () => {
    worlds += 1;
    const world = join(scratch, `debian-${String(worlds)}`);
    cpSync(first, world, { recursive: true });
    const [program, args] = inside(world, [PROGRAM]);
    const log = join(world, 'log', 'dpkg.log');
    const began = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '');
    return {
      count,
      command: [program, ...args],
      hasBegun: () => began().includes(' upgrade '),
      updated: () =>
        readFileSync(join(world, 'lib-dpkg', 'status'), 'utf8').split('\nVersion: 2\n').length - 1,
    };
  };
}

/** @throws when a package is not up to date afterwards. */
export async function updateAll(world: World): Promise<void> {
  const [program, ...args] = world.command;
  await run(program, args, { timeout: COMMAND_MS_MAX });
  if (world.updated() !== world.count) throw new Error('unattended-upgrades left packages behind');
}

function inside(world: string, command: readonly string[]): [string, string[]] {
  return ['unshare', ['--mount', 'sh', '-c', SCRIPT, world, ...command]];
}

function makeMachine(world: string, repository: string): void {
  for (const directory of empty) mkdirSync(join(world, directory), { recursive: true });
  for (const file of ['status', 'available', 'diversions', 'statoverride']) {
    writeFileSync(join(world, 'lib-dpkg', file), '');
  }
  const config = `Unattended-Upgrade::Origins-Pattern { "origin=${ORIGIN}"; };\n`;
  writeFileSync(join(world, 'etc-apt', 'apt.conf'), config);
  const source = `deb [trusted=yes] file:${repository} ./\n`;
  writeFileSync(join(world, 'etc-apt', 'sources.list'), source);
}

/** @returns the package's file, in `into`. */
async function build(scratch: string, into: string, made: DebianPackage): Promise<string> {
  const { name, version } = made;
  const tree = join(scratch, 'tree');
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
  mkdirSync(join(tree, 'opt', name), { recursive: true });
  writeFileSync(join(tree, 'DEBIAN', 'control'), controlOf(made));
  writeFileSync(join(tree, 'opt', name, 'data'), randomBytes(PACKAGE_BYTES));
  const file = join(into, `${name}_${version}_all.deb`);
  const args = ['-Znone', '--root-owner-group', '--build', tree, file];
  await run('dpkg-deb', args, { timeout: COMMAND_MS_MAX });
  rmSync(tree, { recursive: true });
  return file;
}

async function fill(scratch: string, repository: string, names: readonly string[]) {
  const files = [];
  for (const name of names) {
    const made = { name, version: '2' };
    const content = readFileSync(await build(scratch, repository, made));
    const file = `${name}_${made.version}_all.deb`;
    files.push({ ...made, file, ...sizeAndDigest(content) });
  }
  const index = Buffer.from(indexOf(files));
  writeFileSync(join(repository, 'Packages'), index);
  writeFileSync(join(repository, 'Release'), releaseOf(ORIGIN, sizeAndDigest(index), new Date()));
}

function sizeAndDigest(content: Buffer): { sizeBytes: number; sha256: string } {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { sizeBytes: content.byteLength, sha256 };
}
