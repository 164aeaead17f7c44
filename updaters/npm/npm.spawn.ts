// Running npm itself, the one that comes with the Node.js of the sandbox.
//
// Invariants:
//   N1. npm gets an environment of its own: no token of the launch, nobody's npmrc, own home and
//       cache. It runs no script of any package.
//   N2. What it writes to stderr is kept in a bound.

import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { machineRootsFile } from '../../sdk/egress/client.http.js';
import { fail } from '../../sdk/failure.js';
import { failureOfNpm } from './npm-error.js';

const STDERR_BYTES_MAX = 16 * 1024;
/** What each call of npm can do without; audit and fund are requests to the registry. */
const QUIET = [
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
  '--no-update-notifier',
  '--no-progress',
  '--loglevel=error',
  '--logs-max=0',
];

export interface NpmRun {
  /** A directory with a package.json; home and cache lie beside it. */
  readonly projectDir: string;
  readonly args: readonly string[];
  readonly signal: AbortSignal;
}

/** @throws UpdaterFailure with what npm said. */
export async function runNpm({ projectDir, args, signal }: NpmRun): Promise<void> {
  const home = join(dirname(projectDir), 'home');
  await mkdir(home, { recursive: true });
  const roots = machineRootsFile();
  const child = spawn(process.execPath, [findNpm(process.env['PATH'] ?? ''), ...args, ...QUIET], {
    cwd: projectDir,
    // N1: whole, nothing is inherited.
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      npm_config_userconfig: join(home, 'npmrc'),
      npm_config_globalconfig: join(home, 'npmrc-global'),
      npm_config_cache: join(dirname(projectDir), 'cache'),
      ...(roots !== undefined && { NODE_EXTRA_CA_CERTS: roots }),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_BYTES_MAX); // N2
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (exitCode !== 0) throw failureOfNpm(args[0] ?? '', exitCode, stderr);
}

/** npm's own program, so that it is started by this Node.js and not by whatever PATH has first. */
export function findNpm(searchPath: string): string {
  const beside = join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js');
  const onPath = searchPath.split(':').map((each) => join(each, 'npm'));
  for (const path of [...onPath, beside]) {
    const real = existsSync(path) ? realpathSync(path) : '';
    // A wrapper in another language can't be started by Node.js.
    if (real.endsWith('.js')) return real;
  }
  throw fail('NPM_MISSING', 'there is no npm beside the Node.js that Lull runs on: install it');
}
