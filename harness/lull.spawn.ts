// Lull as an operator starts it: the command, in a process of its own. For the demo, the system
// tests and the benchmarks. It stops when they end, however that happens.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { endWithUs } from '../runtime/ends-with-us.spawn.js';
import { IS_UP } from '../cli/up-words.js';

const run = promisify(execFile);

/** What `node` is given to run `lull`. */
export const lullProgram = fileURLToPath(new URL('../lull/main.js', import.meta.url));
/** An orchestrator waits for servers that agree on nobody just then. */
const START_MS_MAX = 90_000;
const STOP_MS_MAX = 20_000;
const COMMAND_MS_MAX = 60_000;
const NO_BUS = 'unix:path=/nonexistent/lull-bus';

/** Lull did not start; the message is what it said. */
export class StartError extends Error {}

export interface RunningLull {
  readonly runDir: string;
  readonly stateDir: string;
  readonly logFile: string;
  readonly pid: number;
  /** Resolves with the exit code, or undefined for a signal. */
  readonly exited: Promise<number | undefined>;
  /** Runs `lull …` against it, and returns what it prints. */
  command(args: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

/** A `lull` command that needs no running Lull. */
export async function lull(
  args: readonly string[],
  env: StartOptions['env'] = process.env,
): Promise<string> {
  const { stdout } = await run(process.execPath, [lullProgram, ...args], {
    timeout: COMMAND_MS_MAX,
    env,
  });
  return stdout;
}

export interface StartOptions {
  /** Takes `state`, `run` and the log; short, because sockets lie below it. */
  readonly directory: string;
  readonly policyFile: string;
  /** More for `lull up`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The Node.js that runs it; absent: the one that runs this. */
  readonly node?: string;
  /** A command that becomes it, given the program and its arguments. */
  readonly through?: readonly string[];
  /** In a session for itself, as a service manager starts it. */
  readonly ownSession?: boolean;
}

/** @throws StartError */
export async function startLull(options: StartOptions): Promise<RunningLull> {
  const { directory, policyFile, args = [], env = process.env, through = [] } = options;
  const { node = process.execPath } = options;
  const runDir = join(directory, 'run');
  const stateDir = join(directory, 'state');
  const logFile = join(directory, 'lull.log');
  const where = ['--state', stateDir, '--run', runDir];
  const up = [lullProgram, ...where, 'up', '--policy', policyFile, ...args];
  const [program = node, ...words] = [...through, node, ...up];
  const child = spawn(program, words, {
    stdio: ['ignore', 'pipe', openSync(logFile, 'a')],
    detached: options.ownSession ?? false,
    // Whoever sits at this machine is not part of the story.
    env: { DBUS_SYSTEM_BUS_ADDRESS: NO_BUS, ...env },
  });
  endWithUs(child);
  const exited = once(child, 'exit').then(([code]) => (code as number | null) ?? undefined);
  const isUp = new Promise<boolean>((resolve) => {
    child.stdout?.on('data', (bytes: Buffer) => {
      if (bytes.toString().includes(IS_UP)) resolve(true);
    });
    void exited.then(() => {
      resolve(false);
    });
    setTimeout(resolve, START_MS_MAX, false).unref();
  });
  if (!(await isUp)) {
    child.kill('SIGTERM');
    const words = readFileSync(logFile, 'utf8').trim().split('\n').at(-1) ?? '';
    throw new StartError(words.replace(/^lull: /, '') || 'Lull did not start');
  }
  return {
    runDir,
    stateDir,
    logFile,
    pid: child.pid ?? 0,
    exited,
    command: (words) => lull([...where, ...words], env),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
      await exited;
      clearTimeout(late);
    },
  };
}
