// The application prefix of the demo: old versions of three real programs, installed by npm itself.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const INSTALL_MS_MAX = 180_000;
const ASK_MS_MAX = 30_000;

export interface Program {
  /** Package and program have the same name. */
  readonly name: string;
  readonly version: string;
}

/** Small, real, and each behind its newest version. One of them has dependencies. */
export const oldPrograms: readonly Program[] = [
  { name: 'json5', version: '2.2.0' },
  { name: 'js-yaml', version: '3.14.0' },
  { name: 'mkdirp', version: '1.0.4' },
];

/** The registry that npm on this machine is configured with. */
export async function configuredRegistry(): Promise<string> {
  const { stdout } = await run('npm', ['config', 'get', 'registry'], { timeout: ASK_MS_MAX });
  return stdout.trim();
}

export async function installPrograms(prefix: string): Promise<void> {
  const wanted = oldPrograms.map(({ name, version }) => `${name}@${version}`);
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  await run('npm', ['install', '--global', '--prefix', prefix, ...flags, ...wanted], {
    timeout: INSTALL_MS_MAX,
  });
}

/** What `<program> --version` says, without a leading "v". @throws when the program does not run. */
export async function versionOf(prefix: string, name: string): Promise<string> {
  const { stdout } = await run(join(prefix, 'bin', name), ['--version'], { timeout: ASK_MS_MAX });
  return stdout.trim().replace(/^v/, '');
}
