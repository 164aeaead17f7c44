// The OCI runtime as a program: finding it, and starting an updater with it.
//
// Invariants:
//   P1. It gets PATH and no other variable: what it has in its environment, an updater could read
//       (T3).
//   P2. It gets descriptors 0, 1 and 2 and no other that Lull opened (T4): Node opens everything
//       close-on-exec, and `stdio` names exactly three.

import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import type { CgroupKind } from '../../conditions/confinement.js';
import { displayText } from '../../conditions/words.js';
import type { Log } from '../../runtime/log.js';
import type { Priority } from './parent.cgroup.js';
import { SandboxError } from './sandbox-error.js';
import { findProgram, lowestPriority, SYSTEM_PATH, systemTools } from './tool.spawn.js';

const COMMAND_MS_MAX = 10_000;

/** By the names of their packages. */
const packagedRuntimes = ['runc', 'crun'];

export interface RuntimeProgram {
  readonly path: string;
  /** Prefix that gives a child its priority: the lowest, where that is wanted and the tools are there. */
  readonly politely: readonly string[];
}

/**
 * @param log told where updaters cannot be given the lowest priority.
 * @throws SandboxError RUNTIME_MISSING.
 */
export function findRuntime(
  name: string,
  priority: Priority = 'lowest',
  log?: Log,
): RuntimeProgram {
  const path = findProgram(name);
  if (path === undefined) {
    const what = name === '' ? 'an OCI runtime' : name;
    throw new SandboxError('RUNTIME_MISSING', `${what} ${howToHaveIt(name)}`);
  }
  if (priority === 'normal') return { path, politely: [] };
  const { prefix, missing } = lowestPriority();
  if (missing.length > 0) {
    log?.warn({ missing }, 'not installed: updaters start above the lowest priority that there is');
  }
  return { path, politely: prefix };
}

function howToHaveIt(name: string): string {
  const how = (each: string): string =>
    `\`apt-get install ${each}\` (or your system's package tool)`;
  return packagedRuntimes.includes(name)
    ? `is not installed: install it with ${how(name)}.`
    : `is not there: name one that is, or install runc with ${how('runc')}.`;
}

/** What the program calls itself, in one line: "runc version 1.1.5". */
export async function versionOf(program: RuntimeProgram): Promise<string> {
  const stdout = await systemTools().light(program.path, ['--version'], COMMAND_MS_MAX);
  return displayText(stdout.split('\n')[0] ?? '', 64);
}

/** @throws SandboxError NOT_PERMITTED where the program refuses what this machine has. */
export function requireCgroups({ path }: RuntimeProgram, cgroups: CgroupKind): void {
  if (basename(path) !== 'crun' || cgroups !== 'hybrid') return;
  throw new SandboxError(
    'NOT_PERMITTED',
    'crun refuses machines that mix control groups of version 1 and 2, as this one does: use runc (--oci-runtime runc), or boot with systemd.unified_cgroup_hierarchy=1.',
  );
}

/**
 * Whether it takes along what is mounted in a directory that it shows. crun 1.8.1 does not in a user
 * namespace, and others were not tried.
 */
export function takesMountsAlong({ path }: RuntimeProgram): boolean {
  return basename(path) === 'runc';
}

/**
 * Starts the runtime at the updater's priority. The sandbox inherits it, so that the updater has it
 * before its first instruction.
 */
export function spawnPolitely(
  program: RuntimeProgram,
  args: readonly string[],
): ChildProcessByStdio<null, Readable, Readable> {
  const [command = program.path, ...rest] = [...program.politely, program.path, ...args];
  return spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: SYSTEM_PATH },
    cwd: '/',
  });
}
