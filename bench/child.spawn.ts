// A Node.js program of a benchmark's own, ended with it.

import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { within } from '../runtime/deadline.js';
import type { CloseStack } from '../runtime/shutdown.js';

const START_MS_MAX = 20_000;

export type Child = ChildProcessByStdio<Writable, Readable, null>;

/** Starts it and waits for its first line. @param node the Node.js that runs it; absent: this one. */
export async function startProgram(
  file: string,
  args: readonly string[],
  opened: CloseStack,
  node?: string,
): Promise<Child> {
  const child = spawnProgram(file, args, opened, node);
  await within(once(child.stdout, 'data'), START_MS_MAX, file);
  return child;
}

/** Starts it, for somebody who reads what it says. */
export function spawnProgram(
  file: string,
  args: readonly string[],
  opened: CloseStack,
  node: string = process.execPath,
): Child {
  const child = spawn(node, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  opened.add(file, {
    close: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exited;
    },
  });
  return child;
}
