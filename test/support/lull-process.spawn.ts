// A `lull` command as a process that a test looks at from outside: what it says, how it ends, and
// every signal in between.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lullProgram } from '../../harness/lull.spawn.js';
import { endWithUs } from '../../runtime/ends-with-us.spawn.js';

/** More than any command of a test says. */
const CHARS_MAX = 1_000_000;

export interface Said {
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface LullProcess {
  readonly pid: number;
  readonly ended: Promise<Said>;
  /** Does nothing once it has ended. */
  kill(signal: NodeJS.Signals): void;
  /** Resolves when stdout contains `text`, or with false when the process ended before. */
  said(text: string): Promise<boolean>;
}

export interface ProcessOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly uid?: number;
  /** Another than what is bundled here. */
  readonly program?: string;
  readonly msMax?: number;
}

export function spawnLull(args: readonly string[], options: ProcessOptions = {}): LullProcess {
  const { env = process.env, uid, program = lullProgram, msMax = 240_000 } = options;
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  endWithUs(child);
  const late = setTimeout(() => child.kill('SIGKILL'), msMax);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout = (stdout + chunk.toString()).slice(-CHARS_MAX);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-CHARS_MAX);
  });
  // `close`, not `exit`: only then everything that it said was read.
  const ended = once(child, 'close').then((args): Said => {
    clearTimeout(late);
    const [code, signal] = args as [number | null, NodeJS.Signals | null];
    return { code: code ?? undefined, signal: signal ?? undefined, stdout, stderr };
  });
  return {
    pid: child.pid ?? 0,
    ended,
    kill: (signal) => child.kill(signal),
    said: async (text) => {
      for (;;) {
        if (stdout.includes(text)) return true;
        const more = once(child.stdout, 'data').then(() => true);
        if (!(await Promise.race([more, ended.then(() => false)]))) return stdout.includes(text);
      }
    },
  };
}
