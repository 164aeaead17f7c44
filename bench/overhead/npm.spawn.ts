// npm itself, as a person would call it.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CannotRun } from '../benchmark.js';
import type { Package } from './packages.js';

const run = promisify(execFile);
const INSTALL_MS_MAX = 180_000;
const ASK_MS_MAX = 30_000;
/** As the updater calls it: no scripts, and no requests but those for the packages. */
const QUIET = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-progress', '--loglevel=error'];

/** The registry that npm on this machine is configured with. */
export async function configuredRegistry(): Promise<string> {
  const { stdout } = await run('npm', ['config', 'get', 'registry'], { timeout: ASK_MS_MAX });
  return stdout.trim();
}

/** @throws CannotRun when the registry is out of reach. */
export async function installOld(
  prefix: string,
  cache: string,
  packages: readonly Package[],
): Promise<void> {
  try {
    await install(prefix, cache, packages);
  } catch (error) {
    const words = (error as { stderr?: string }).stderr?.trim().split('\n')[0] ?? '';
    throw new CannotRun(`the npm registry does not serve what is needed: ${words}`);
  }
}

/**
 * `npm install --global`, package after package.
 * @param before what goes before the command.
 * @returns wall time, ms.
 */
export async function updateOneByOne(
  prefix: string,
  cache: string,
  packages: readonly Package[],
  before: readonly string[] = [],
): Promise<number> {
  const startMs = performance.now();
  for (const each of packages) await install(prefix, cache, [each], before);
  return performance.now() - startMs;
}

async function install(
  prefix: string,
  cache: string,
  packages: readonly Package[],
  before: readonly string[] = [],
): Promise<void> {
  const wanted = packages.map(({ name, version }) => `${name}@${version}`);
  const where = ['--global', '--prefix', prefix, '--cache', cache];
  const [program = 'npm', ...args] = [...before, 'npm', 'install', ...where, ...QUIET, ...wanted];
  await run(program, args, { timeout: INSTALL_MS_MAX });
}
