// The OCI runtime as a program: finding it, and running one short command of it.
//
// Invariants:
//   P1. It gets PATH and no other variable: what it has in its environment, an updater could read
//       (T3).
//   P2. It gets descriptors 0, 1 and 2 and no other that Lull opened (T4): Node opens everything
//       close-on-exec, and `stdio` names exactly three.

import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { basename, delimiter, isAbsolute, join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { CgroupKind } from '../../conditions/confinement.js';
import { displayText } from '../../conditions/words.js';
import { within } from '../../runtime/deadline.js';
import type { Priority } from './parent.cgroup.js';
import { SandboxError } from './sandbox-error.js';

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const COMMAND_MS_MAX = 10_000;

export interface RuntimeProgram {
  readonly path: string;
  /** Prefix that gives a child its priority: the lowest, where that is wanted and the tools are there. */
  readonly politely: readonly string[];
}

/** @throws SandboxError RUNTIME_MISSING. */
export function findRuntime(name: string, priority: Priority = 'lowest'): RuntimeProgram {
  const path = findProgram(name);
  if (path === undefined) {
    throw new SandboxError(
      'RUNTIME_MISSING',
      `${name} is not installed: install it with \`apt-get install ${isAbsolute(name) ? 'runc' : name}\` (or your system's package tool).`,
    );
  }
  if (priority === 'normal') return { path, politely: [] };
  const nice = findProgram('nice');
  const ionice = findProgram('ionice');
  return {
    path,
    politely: [
      // From the highest that there is: what is above the lowest counts as the lowest.
      ...(nice === undefined ? [] : [nice, '-n', '39']),
      ...(ionice === undefined ? [] : [ionice, '-c', '3']),
    ],
  };
}

/** What the program calls itself, in one line: "runc version 1.1.5". */
export async function versionOf(program: RuntimeProgram): Promise<string> {
  const options = { timeout: COMMAND_MS_MAX, env: { PATH: SYSTEM_PATH } };
  const { stdout } = await promisify(execFile)(program.path, ['--version'], options);
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

/** Runs a command of the runtime to its end. @returns its exit code. */
export async function runCommand(
  program: RuntimeProgram,
  args: readonly string[],
): Promise<number> {
  const child = spawn(program.path, args, {
    stdio: 'ignore',
    env: { PATH: SYSTEM_PATH },
    cwd: '/',
  });
  try {
    const [code] = (await within(once(child, 'exit'), COMMAND_MS_MAX, program.path)) as [
      number | null,
    ];
    return code ?? -1;
  } finally {
    child.kill('SIGKILL');
  }
}

function findProgram(name: string): string | undefined {
  const path = `${process.env['PATH'] ?? ''}${delimiter}${SYSTEM_PATH}`;
  const candidates = name.includes('/')
    ? [name]
    : path
        .split(delimiter)
        .filter(isAbsolute)
        .map((dir) => join(dir, name));
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
