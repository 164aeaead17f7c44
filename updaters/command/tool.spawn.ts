// One call of the tool, from its start until nothing of it is left.
//
// Invariants:
//   C1. When a call has ended, nothing goes on that it started.
//   C2. What it prints is bounded, both streams together; of stderr the last STDERR_BYTES_MAX are held.
//   C3. Its time is awake time: being frozen does not use it up.
//   C4. What has to end gets SIGTERM, and SIGKILL after GRACE_MS. That is less than the contract gives the
//       updater itself.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { whenAwakeFor } from '../../sdk/awake.js';
import { fail } from '../../sdk/failure.js';
import type { Exit } from './ending.js';
import { endLeftBehind, kill, signalGroup } from './left-behind.proc.js';

const GRACE_MS = 2_000;
const STDERR_BYTES_MAX = 8 * 1024;
/** For what was printed before the end to be read. */
const DRAINED_MS_MAX = 1_000;

export interface ToolCall {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly outputBytesMax: number;
  /** Without it, the host's limit on the run is the only one. */
  readonly awakeMsMax?: number;
  readonly onStdout: (chunk: Buffer) => void;
}

export interface Ended {
  readonly exit: Exit;
  /** The end of it. */
  readonly stderr: string;
  /** Whether something that it started went on, and was ended. */
  readonly leftBehind: boolean;
}

/** @throws UpdaterFailure where it does not start, or goes beyond a bound; the signal's reason. */
export async function runTool(call: ToolCall): Promise<Ended> {
  const { program, args, cwd, env, signal } = call;
  signal.throwIfAborted();
  const child = spawn(program, args, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that what the tool starts ends with it.
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) {
    const [error] = (await once(child, 'error')) as [NodeJS.ErrnoException];
    throw await whyNotStarted(program, error);
  }
  const cut = cutter(pid);
  const onAbort = (): void => {
    cut.by(signal.reason as Error);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  const stopTimer = limitTime(call, cut.by);
  const heard = hear(call, child, cut.by);
  try {
    const [code, ended] = (await once(child, 'exit')) as [number | null, string | null];
    const leftBehind = endLeftBehind(pid); // C1
    await drained(child);
    if (cut.reason !== undefined) throw cut.reason;
    return { exit: { code, signal: ended }, stderr: heard.stderr(), leftBehind };
  } finally {
    stopTimer();
    cut.release();
    signal.removeEventListener('abort', onAbort);
  }
}

interface Cutter {
  readonly by: (reason: Error) => void;
  /** The first one. */
  readonly reason: Error | undefined;
  release(): void;
}

/** C4. */
function cutter(group: number): Cutter {
  let reason: Error | undefined;
  let stopGrace = (): void => undefined;
  return {
    by: (because) => {
      if (reason !== undefined) return;
      reason = because;
      signalGroup(group, 'SIGTERM');
      stopGrace = whenAwakeFor(GRACE_MS, () => {
        kill(group);
      });
    },
    get reason() {
      return reason;
    },
    release: () => {
      stopGrace();
    },
  };
}

/** C3. */
function limitTime({ awakeMsMax, args }: ToolCall, cut: (reason: Error) => void): () => void {
  if (awakeMsMax === undefined) return () => undefined;
  return whenAwakeFor(awakeMsMax, () => {
    const seconds = String(awakeMsMax / 1_000);
    const words = `${args[0] ?? ''}: the tool did not end within ${seconds} s, and was ended`;
    cut(fail('TOOL_HANGS', words, { retry: true }));
  });
}

/** C2. */
function hear(
  { outputBytesMax, args, onStdout }: ToolCall,
  { stdout, stderr }: ChildProcess,
  cut: (reason: Error) => void,
): { stderr(): string } {
  let size = 0;
  let tail = Buffer.alloc(0);
  const admits = (chunk: Buffer): boolean => {
    size += chunk.byteLength;
    if (size <= outputBytesMax) return true;
    const words = `${args[0] ?? ''}: the tool printed more than ${String(outputBytesMax)} bytes, and was ended`;
    cut(fail('TOOL_GARBLED', words, { retry: true }));
    // Who goes on printing is told by the kernel.
    stdout?.destroy();
    stderr?.destroy();
    return false;
  };
  stdout?.on('data', (chunk: Buffer) => {
    if (admits(chunk)) onStdout(chunk);
  });
  stderr?.on('data', (chunk: Buffer) => {
    if (!admits(chunk)) return;
    tail = Buffer.concat([tail, chunk.subarray(-STDERR_BYTES_MAX)]).subarray(-STDERR_BYTES_MAX);
  });
  return { stderr: () => tail.toString('utf8') };
}

/** Where something that nobody found still has the other end open, it is not waited for. */
async function drained(child: ChildProcess): Promise<void> {
  const { stdout, stderr } = child;
  if (stdout?.closed === true && stderr?.closed === true) return;
  const stop = whenAwakeFor(DRAINED_MS_MAX, () => {
    stdout?.destroy();
    stderr?.destroy();
  });
  await once(child, 'close');
  stop();
}

async function whyNotStarted(program: string, error: NodeJS.ErrnoException): Promise<Error> {
  const found = await stat(program).catch(() => undefined);
  if (found === undefined) {
    return fail(
      'TOOL_MISSING',
      `there is no ${program} in the sandbox, which shows /usr, the root, and the bundle as ` +
        '/lull/bundle. Put the tool into one of them, and bind the setting "tool" to where it is',
      { cause: error },
    );
  }
  return fail('TOOL_UNFIT', `${program} does not start: ${unfitness(found.isFile(), error)}`, {
    cause: error,
  });
}

function unfitness(isFile: boolean, { code, message }: NodeJS.ErrnoException): string {
  if (!isFile) return 'it is no file';
  if (code === 'EACCES') return 'it is not executable for everybody (chmod 755)';
  // The file is there, so what was not found is what runs it.
  if (code === 'ENOENT') return 'what its first line names to run it is not in the sandbox';
  return message;
}
