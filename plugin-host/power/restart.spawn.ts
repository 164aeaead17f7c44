// Restarting the machine, by logind: it warns whoever is logged in, and anybody may take it back with
// `shutdown -c`. `busctl` speaks to it, as `systemd-inhibit` does for keeping awake.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Log } from '../../runtime/log.js';

const run = promisify(execFile);

/** logind answers at once, or is not there. */
const CALL_MS_MAX = 5_000;
const LOGIND = [
  'org.freedesktop.login1',
  '/org/freedesktop/login1',
  'org.freedesktop.login1.Manager',
] as const;
const WALL = 'Lull: an update needs this machine to restart. "shutdown -c" puts it off.';

export interface MachineRestart {
  /** Restarts at an instant, ms since the epoch. */
  order(atMs: number): void;
  /** Takes back what was ordered. */
  cancel(): void;
  /** Resolves when logind has been told all of it, or could not be. */
  settled(): Promise<void>;
}

/** @param onFailed told why the machine could not be told to restart. */
export function createMachineRestart(deps: {
  readonly log: Log;
  readonly onFailed: (message: string) => void;
}): MachineRestart {
  // One call after the other: a restart that is taken back at once must not overtake its order.
  let last: Promise<void> = Promise.resolve();
  const tell = (calls: readonly (readonly string[])[]): void => {
    last = last.then(async () => {
      try {
        for (const call of calls) await callLogind(call);
      } catch (error) {
        const message = reasonIn(error);
        deps.log.warn({ err: error }, 'logind was not told to restart the machine, or not to');
        deps.onFailed(message);
      }
    });
  };
  return {
    order: (atMs) => {
      const microseconds = String(Math.ceil(atMs) * 1_000);
      tell([
        ['SetWallMessage', 'sb', WALL, 'true'],
        ['ScheduleShutdown', 'st', 'reboot', microseconds],
      ]);
    },
    cancel: () => {
      tell([['CancelScheduledShutdown']]);
    },
    settled: () => last,
  };
}

async function callLogind(call: readonly string[]): Promise<void> {
  const options = { timeout: CALL_MS_MAX, killSignal: 'SIGKILL' } as const;
  await run('busctl', ['--system', '--timeout=4', 'call', ...LOGIND, ...call], options);
}

/** What `busctl` said, or why it could not be asked. */
function reasonIn(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return stderr === undefined || stderr.trim() === '' ? message : stderr.trim();
}
