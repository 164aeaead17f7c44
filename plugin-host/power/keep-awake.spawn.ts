// Keeping the machine awake while a run is on: a logind inhibitor, held by a child.
//
// D-Bus hands an inhibitor out as a file descriptor, which no JavaScript D-Bus library can take; so
// `systemd-inhibit` holds it around a `cat` that ends with our end of its pipe, also after kill -9.
//
// Invariants:
//   W1. Only on mains, only while something runs, at most HELD_MS_MAX in one go.
//   W2. Without logind nothing happens: a machine that cannot be kept awake is not an error.

import { spawn, type ChildProcess } from 'node:child_process';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';

/** Longest time in one go (Windows). */
const HELD_MS_MAX = 3_600_000;

export interface KeepAwake extends Closeable {
  /** Keeps the machine awake until the returned function is called. */
  during(onMains: boolean): () => void;
}

export function createKeepAwake(deps: { clock: Clock; log: Log }): KeepAwake {
  const users = new Set<symbol>();
  let holder: { child: ChildProcess; cancel: CancelTimer } | undefined;
  let missing = false;

  function acquire(): void {
    if (holder !== undefined || missing) return;
    const child = spawn(
      'systemd-inhibit',
      // Not idle: an inhibitor of idle is a sign of a person who must not be disturbed, and we would
      // take our own for one.
      ['--what=sleep', '--who=Lull', '--why=Installing updates', '--mode=block', 'cat'],
      { stdio: ['pipe', 'ignore', 'ignore'] },
    );
    child.on('error', (error) => {
      missing = true; // W2
      holder = undefined;
      deps.log.info({ err: error.message }, 'no logind here: the machine is not kept awake');
    });
    child.on('exit', () => {
      if (holder?.child === child) holder = undefined;
    });
    holder = { child, cancel: deps.clock.after(HELD_MS_MAX, release) }; // W1
  }

  function release(): void {
    holder?.cancel();
    holder?.child.stdin?.end();
    holder = undefined;
  }

  return {
    during: (onMains) => {
      if (!onMains) return () => undefined; // W1
      const user = Symbol('run');
      users.add(user);
      acquire();
      return () => {
        users.delete(user);
        if (users.size === 0) release();
      };
    },
    close: release,
  };
}
