// Single programs of a later release of Debian, which run on this one unmodified. They are fetched with apt's
// own signed lists, without root's help, and unpacked where one says.

import {
  chmodSync,
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
import { dirname, join } from 'node:path';
import { findProgram, runStep } from './steps.mjs';

const RELEASE = 'trixie';
export const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * @param wanted `path` in the package `name`, to be copied `to`.
 * @returns why it cannot be had here, or undefined. Throws a StepError where fetching does not work.
 */
export async function fetchProgram({ name, path, to }, options) {
  const aptGet = findProgram('apt-get');
  const uri = debianArchive();
  if (aptGet === undefined || uri === undefined) return 'no archive of Debian is configured here';
  const scratch = mkdtempSync(join(tmpdir(), 'lull-apt-'));
  try {
    for (const each of ['lists/partial', 'cache/archives/partial', 'sources']) {
      mkdirSync(join(scratch, each), { recursive: true });
    }
    const line = `deb [signed-by=${KEYRING}] ${uri} ${RELEASE} main\n`;
    writeFileSync(join(scratch, 'sources/release.list'), line);
    const apt = [
      aptGet,
      ...['-o', `Dir::State::lists=${scratch}/lists`, '-o', `Dir::Cache=${scratch}/cache`],
      ...['-o', 'Dir::Etc::sourcelist=/dev/null', '-o', `Dir::Etc::sourceparts=${scratch}/sources`],
      // Its files need not be readable for apt's own user.
      ...['-o', 'APT::Sandbox::User=root'],
    ];
    const inScratch = ['sh', '-c', 'cd "$0" && exec "$@"', scratch];
    await runStep(`looking for ${name}`, [...apt, 'update'], options);
    await runStep(`fetching ${name}`, [...inScratch, ...apt, 'download', name], options);
    const file = readdirSync(scratch).find((each) => each.endsWith('.deb'));
    if (file === undefined) return 'apt-get fetched nothing';
    const unpack = ['dpkg-deb', '-x', join(scratch, file), join(scratch, 'x')];
    await runStep(`unpacking ${name}`, unpack, options);
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(join(scratch, 'x', path), to);
    chmodSync(to, 0o755);
    return undefined;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The first archive of Debian that this machine's apt knows. */
export function debianArchive() {
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
