// A nats-server for the tests of fleets: the one that is here, or Debian's of a later release, which
// runs on this one unmodified. It is unpacked below dist/, not installed.

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, root, run, runStep } from './steps.mjs';

/** The first that can sync every write. */
const MINOR_MIN = 10;
const RELEASE = 'trixie';
const unpacked = join(root, 'dist/tools/nats-server');

/** Where it is, or undefined. */
export async function findNatsServer() {
  const candidates = [process.env.NATS_SERVER, findProgram('nats-server'), unpacked];
  for (const path of candidates) {
    if (path !== undefined && existsSync(path) && (await isNewEnough(path))) return path;
  }
  return undefined;
}

/** Fetches it with apt's own signed lists. Throws a StepError where that does not work. */
export async function fetchNatsServer(options) {
  const aptGet = findProgram('apt-get');
  const uri = debianArchive();
  if (aptGet === undefined || uri === undefined) return 'no archive of Debian is configured here';
  const scratch = mkdtempSync(join(tmpdir(), 'lull-apt-'));
  try {
    for (const each of ['lists/partial', 'cache/archives/partial', 'sources']) {
      mkdirSync(join(scratch, each), { recursive: true });
    }
    const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
    const line = `deb [signed-by=${keyring}] ${uri} ${RELEASE} main\n`;
    writeFileSync(join(scratch, 'sources/release.list'), line);
    const apt = [
      aptGet,
      ...['-o', `Dir::State::lists=${scratch}/lists`, '-o', `Dir::Cache=${scratch}/cache`],
      ...['-o', 'Dir::Etc::sourcelist=/dev/null', '-o', `Dir::Etc::sourceparts=${scratch}/sources`],
      // Its files need not be readable for apt's own user.
      ...['-o', 'APT::Sandbox::User=root'],
    ];
    const inScratch = ['sh', '-c', 'cd "$0" && exec "$@"', scratch];
    await runStep('looking for nats-server', [...apt, 'update'], options);
    await runStep(
      'fetching nats-server',
      [...inScratch, ...apt, 'download', 'nats-server'],
      options,
    );
    const file = readdirSync(scratch).find((name) => name.endsWith('.deb'));
    if (file === undefined) return 'apt-get fetched nothing';
    await runStep(
      'unpacking nats-server',
      ['dpkg-deb', '-x', join(scratch, file), join(scratch, 'x')],
      options,
    );
    mkdirSync(join(unpacked, '..'), { recursive: true });
    copyFileSync(join(scratch, 'x/usr/sbin/nats-server'), unpacked);
    return undefined;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function isNewEnough(path) {
  const { ok, output } = await run([path, '--version']);
  const [, major, minor] = /v(\d+)\.(\d+)/.exec(output) ?? [];
  return ok && (Number(major) > 2 || (Number(major) === 2 && Number(minor) >= MINOR_MIN));
}

/** The first archive of Debian that this machine's apt knows. */
function debianArchive() {
  const directory = '/etc/apt/sources.list.d';
  const files = existsSync(directory)
    ? readdirSync(directory).map((name) => join(directory, name))
    : [];
  for (const file of ['/etc/apt/sources.list', ...files]) {
    if (!existsSync(file)) continue;
    const found = /^(?:URIs:|deb(?: \[[^\]]*\])?)\s+(https?:\S+\/debian)\/?\s*/m.exec(
      readFileSync(file, 'utf8'),
    );
    if (found !== null) return found[1];
  }
  return undefined;
}
