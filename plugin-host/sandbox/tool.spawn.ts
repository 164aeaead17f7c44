// Programs of the system that the host runs for itself, each to its end: mount, e2fsck, rm.
//
// Invariants:
//   X1. None of them has the priority of whoever has to freeze (guard/urgency.proc.ts), which a child
//       inherits: what reads or writes much has the lowest, and what is short the ordinary one.
//   X2. Each has its time. What does not die of its end, as one that waits for a dead disk, is waited
//       for no longer.
//   X3. It gets PATH and LC_ALL and no other variable.
//   X4. None outlives whoever started it, where the machine can do that.

import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { getPriority } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { oneLine } from '../../conditions/words.js';
import { within } from '../../runtime/deadline.js';
import { dyingWithUs } from '../../runtime/dies-with-us.spawn.js';

export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** From being told to end until it is not waited for any more. */
const DYING_MS_MAX = 5_000;
const WORDS_CHARS_MAX = 300;
/** For the OCI runtime to forget a container. */
export const DELETE_MS_MAX = 10_000;

/** @returns what it wrote to stdout. @throws ToolError, or DeadlineError (X2). */
export type Tool = (program: string, args: readonly string[], msMax: number) => Promise<string>;

export interface Tools {
  /** At the lowest priority: reads or writes much. */
  readonly heavy: Tool;
  /** At the ordinary priority: short, and somebody waits for it. */
  readonly light: Tool;
}

export class ToolError extends Error {
  constructor(
    message: string,
    /** What it ended with; absent: it was not there, or had to be ended. */
    readonly exitCode?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ToolError';
  }
}

/** @param busy on a machine that is always busy the lowest priority would be none at all. */
export function systemTools(busy = false): Tools {
  const light: Tool = (...which) => runTool(ordinaryPriority(), ...which);
  const heavy: Tool = (...which) => runTool(lowestPriority().prefix, ...which);
  return { light, heavy: busy ? light : heavy };
}

async function runTool(
  prefix: readonly string[],
  program: string,
  args: readonly string[],
  msMax: number,
): Promise<string> {
  const path = findProgram(program);
  if (path === undefined) {
    throw new ToolError(`${program} is not installed, or not below ${SYSTEM_PATH}`);
  }
  const until = await dyingWithUs(); // X4
  const [command = path, ...rest] = [...until, ...prefix, path, ...args];
  const options = { timeout: msMax, env: { PATH: SYSTEM_PATH, LC_ALL: 'C' }, cwd: '/' };
  const running = promisify(execFile)(command, rest, options).then(
    ({ stdout }) => stdout,
    (error: unknown) => {
      throw toolError(program, msMax, error);
    },
  );
  return within(running, msMax + DYING_MS_MAX, program);
}

function toolError(program: string, msMax: number, error: unknown): ToolError {
  const {
    killed,
    code,
    stderr = '',
  } = error as {
    readonly killed?: boolean;
    readonly code?: number | string;
    readonly stderr?: string;
  };
  if (killed === true) {
    const late = `${program} did not end within ${String(msMax / 1_000)} s`;
    return new ToolError(late, undefined, { cause: error });
  }
  const words = oneLine(stderr).trim().slice(0, WORDS_CHARS_MAX);
  const how = `${program} ended with ${String(code)}${words === '' ? '' : `: ${words}`}`;
  return new ToolError(how, typeof code === 'number' ? code : undefined, { cause: error });
}

/** What gives a child the lowest priority, from whichever it is started; and what is missing for it. */
export function lowestPriority(find = findProgram): {
  readonly prefix: string[];
  readonly missing: string[];
} {
  // From the highest that there is: what is above the lowest counts as the lowest.
  const ways = [['nice', '-n', '39'] as const, ['ionice', '-c', '3'] as const];
  const found = ways.map(([program, ...how]) => {
    const path = find(program);
    return { program, prefix: path === undefined ? undefined : [path, ...how] };
  });
  return {
    prefix: found.flatMap(({ prefix = [] }) => prefix),
    missing: found.flatMap(({ program, prefix }) => (prefix === undefined ? [program] : [])),
  };
}

/** What gives a child the priority of any program, where ours is above it. */
export function ordinaryPriority(): string[] {
  const own = getPriority();
  const nice = own < 0 ? findProgram('nice') : undefined;
  return nice === undefined ? [] : [nice, '-n', String(-own)];
}

export function findProgram(name: string): string | undefined {
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
      // A directory passes as well: it may be entered.
      return statSync(candidate).isFile();
    } catch {
      return false;
    }
  });
}
