// The reaper: a small shell that outlives the plugin-host just long enough to kill its updaters.
//
// It holds the read end of a pipe whose write end only the plugin-host has. However the plugin-host
// dies (SIGKILL, a crash, out of memory), the kernel closes the pipe and the reaper wakes. On a
// clean close it is told to go. It kills only groups of this instance, so that it never meets the
// sandboxes of a plugin-host that was started again meanwhile (T22).

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { within } from '../../runtime/deadline.js';
import { ordinaryPriority } from './tool.spawn.js';

const CLOSE_MS_MAX = 2_000;

// $1: directory of the parent group, $2: instance. A launch that was under way when the plugin-host
// died may still add processes: it goes on until nothing has been there for three seconds.
const SCRIPT = `
trap '' INT TERM HUP
word=
read -r word
[ "$word" = done ] && exit 0
quiet=0
rounds=0
while [ "$quiet" -lt 30 ] && [ "$rounds" -lt 600 ]; do
  quiet=$((quiet + 1))
  rounds=$((rounds + 1))
  for group in "$1"/*".$2"; do
    [ -d "$group" ] || continue
    quiet=0
    if [ -e "$group/cgroup.kill" ]; then
      echo 1 > "$group/cgroup.kill"
    else
      while read -r pid; do kill -9 "$pid"; done < "$group/cgroup.procs"
    fi
    [ -e "$group/freezer.state" ] && echo THAWED > "$group/freezer.state"
    rmdir "$group"
  done
  sleep 0.1
done
exit 0
`;

export interface Reaper {
  /** Sends it away without killing anything. Idempotent. */
  close(): Promise<void>;
}

export function startReaper(reapDir: string, instance: string): Reaper {
  const shell = ['/bin/sh', '-c', SCRIPT, 'lull-reaper', reapDir, instance];
  const [program = '', ...args] = [...ordinaryPriority(), ...shell];
  const child = spawn(program, args, {
    // Its own session: a signal to the plugin-host's group or terminal does not reach it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
    cwd: '/',
  });
  const exited = once(child, 'exit');
  // Without a reaper only the start after a crash finds orphans; that is no reason not to run.
  exited.catch(() => undefined);
  child.stdin.on('error', () => undefined);
  child.unref();
  let closing: Promise<void> | undefined;
  return {
    close: () => {
      closing ??= (async () => {
        child.ref();
        child.stdin.end('done\n');
        await within(exited, CLOSE_MS_MAX, 'the reaper').catch(() => child.kill('SIGKILL'));
      })();
      return closing;
    },
  };
}
