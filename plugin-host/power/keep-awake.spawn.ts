// Keeping the machine awake while a run is on, and up while one is in a critical section: inhibitors
// of logind, each held by a child.
//
// D-Bus hands an inhibitor out as a file descriptor, which no JavaScript D-Bus library can take; so
// `systemd-inhibit` holds it around a `cat` that ends with our end of its pipe, also after kill -9.
//
// Invariants:
//   W1. Awake only on mains, only while something goes on, at most HELD_MS_MAX in one go. A machine
//       that a timer woke goes to sleep again as it would without us.
//   W2. Without logind nothing happens: a machine that cannot be kept awake is not an error.
//   W3. A shutdown is delayed and never blocked: logind itself bounds how long.

import { spawn, type ChildProcess } from 'node:child_process';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';

/** Longest time in one go (Windows); a section's own bound is far below. */
const HELD_MS_MAX = 3_600_000;

export interface KeepAwake extends Closeable {
  /** Keeps the machine awake until the returned function is called. */
  during(onMains: boolean): () => void;
  /** Delays a shutdown until the returned function is called. */
  duringSection(): () => void;
}

interface Deps {
  readonly clock: Clock;
  readonly log: Log;
  /** Where the buses are. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The sensors know our inhibitors by this name, and do not take them for a person's. */
const WHO = 'Lull';

// `idle` as well: without it a machine that sleeps by its own timer does so in mid-run.
const awake = { what: 'sleep:idle', why: 'Installing updates', mode: 'block' } as const;
const upright = { what: 'shutdown', why: 'In the middle of a change', mode: 'delay' } as const;

export function createKeepAwake(deps: Deps): KeepAwake {
  const sleep = new Inhibitor(awake, deps);
  const shutdown = new Inhibitor(upright, deps);
  return {
    during: (onMains) => (onMains ? sleep.hold() : () => undefined), // W1
    duringSection: () => shutdown.hold(), // W3
    close: () => {
      sleep.release();
      shutdown.release();
    },
  };
}

class Inhibitor {
  private readonly users = new Set<symbol>();
  private holder: { readonly child: ChildProcess; readonly cancel: CancelTimer } | undefined;
  private missing = false;

  constructor(
    private readonly ask: typeof awake | typeof upright,
    private readonly deps: Deps,
  ) {}

  hold(): () => void {
    const user = Symbol('run');
    this.users.add(user);
    this.acquire();
    return () => {
      this.users.delete(user);
      if (this.users.size === 0) this.release();
    };
  }

  release(): void {
    this.holder?.cancel();
    this.holder?.child.stdin?.end();
    this.holder = undefined;
  }

  private acquire(): void {
    if (this.holder !== undefined || this.missing) return;
    const { what, why, mode } = this.ask;
    const child = spawn(
      'systemd-inhibit',
      [`--what=${what}`, `--who=${WHO}`, `--why=${why}`, `--mode=${mode}`, 'cat'],
      { stdio: ['pipe', 'ignore', 'ignore'], env: this.deps.env },
    );
    child.on('error', (error) => {
      this.missing = true; // W2
      this.holder = undefined;
      this.deps.log.info({ err: error.message }, 'no logind here: the machine is not kept awake');
    });
    child.on('exit', () => {
      if (this.holder?.child === child) this.holder = undefined;
    });
    const cancel = this.deps.clock.after(HELD_MS_MAX, () => {
      this.release(); // W1
    });
    this.holder = { child, cancel };
  }
}
