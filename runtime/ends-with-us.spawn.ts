// A child that is told to stop when this process is gone, however it went: for what tests, benchmarks and
// the demonstration start. A shell of its own reads from a pipe that the kernel closes.
//
// Not by setpriv, as dies-with-us.spawn.ts has it: that signal comes once for each thread of who dies, and
// a second one tells a Lull to end at once.

import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';

const SCRIPT = 'read -r _; kill -TERM "$0"';

export function endWithUs(child: ChildProcess): void {
  if (child.pid === undefined) return; // It did not start.
  // In a session of its own: who kills all of ours has not killed this one.
  const watch = spawn('/bin/sh', ['-c', SCRIPT, String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watch.on('error', () => undefined); // Without a shell nobody watches.
  watch.unref();
  // A pipe of Node's is a socket, which keeps nobody from ending.
  (watch.stdin as unknown as Pick<Socket, 'unref'>).unref();
  child.once('exit', () => watch.kill('SIGKILL'));
}
