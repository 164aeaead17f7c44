// Keeping the machine awake while a run is on, and up while one is in a critical section: inhibitors
// of logind, each held by a child.
//
// D-Bus hands an inhibitor out as a file descriptor, which no JavaScript D-Bus library can take; so
// `systemd-inhibit` holds it around a `cat` that ends with our end of its pipe, also after kill -9.
//
// Invariants:
//   W1. Awake only while something goes on, and on mains (vigil.ts); as long as a grant says in a
//       session, over however many runs. A session ends when nothing was held for REST_MS. What woke the machine
//       is not asked: it goes to sleep again as it would without us, an hour later at most.
//   W2. Without logind nothing happens: a machine that cannot be kept awake is not an error. Nor is one
//       whose logind refuses, as it does an ordinary user who is not logged in: the log says so once.
//   W3. A shutdown is delayed and never blocked: logind itself bounds how long.

import { spawn, type ChildProcess } from 'node:child_process';
import { displayText } from '../../conditions/words.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';

/** A section's own bound is far below. */
const SECTION_MS_MAX = 3_600_000;
/** Longer than any pause between two runs of one evening (ours). */
const REST_MS = 3_600_000;
const WORDS_CHARS_MAX = 160;

export interface KeepAwake extends Closeable {
  /**
   * Keeps the machine awake until the returned function is called, or it was for `msMax` in this session. To
   * be called on mains.
   */
  during(msMax: number): () => void;
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
// A shutdown is delayed for seconds, by logind's own bound: that adds up to nothing.
const upright = { what: 'shutdown', why: 'In the middle of a change', mode: 'delay' } as const;

export function createKeepAwake(deps: Deps): KeepAwake {
  const sleep = new Inhibitor(awake, REST_MS, deps);
  const shutdown = new Inhibitor(upright, 0, deps);
  return {
    during: (msMax) => sleep.hold(msMax), // W1
    duringSection: () => shutdown.hold(SECTION_MS_MAX), // W3
    close: () => {
      sleep.release();
      shutdown.release();
    },
  };
}

class Inhibitor {
  private readonly users = new Set<symbol>();
  private holder:
    | { readonly child: ChildProcess; readonly cancel: CancelTimer; readonly sinceMs: number }
    | undefined;
  /** In this session, until it was let go of last. */
  private heldMs = 0;
  private releasedAtMs = Number.NEGATIVE_INFINITY;
  private missing = false;
  private told = false;

  constructor(
    private readonly ask: typeof awake | typeof upright,
    /** After so long without it a new session begins. */
    private readonly restMs: number,
    private readonly deps: Deps,
  ) {}

  hold(msMax: number): () => void {
    const user = Symbol('run');
    this.users.add(user);
    this.acquire(msMax);
    return () => {
      this.users.delete(user);
      if (this.users.size === 0) this.release();
    };
  }

  release(): void {
    if (this.holder === undefined) return;
    this.holder.cancel();
    this.holder.child.stdin?.end();
    this.ended(this.holder.sinceMs);
  }

  private ended(sinceMs: number): void {
    this.releasedAtMs = this.nowMs();
    this.heldMs += this.releasedAtMs - sinceMs;
    this.holder = undefined;
  }

  private nowMs(): number {
    return this.deps.clock.now().monotonicMs;
  }

  private acquire(msMax: number): void {
    if (this.holder !== undefined || this.missing) return;
    const sinceMs = this.nowMs();
    if (sinceMs - this.releasedAtMs >= this.restMs) this.heldMs = 0;
    const leftMs = msMax - this.heldMs;
    if (leftMs <= 0) return; // W1
    const { what, why, mode } = this.ask;
    const child = spawn(
      'systemd-inhibit',
      [`--what=${what}`, `--who=${WHO}`, `--why=${why}`, `--mode=${mode}`, 'cat'],
      { stdio: ['pipe', 'ignore', 'pipe'], env: this.deps.env },
    );
    let words = '';
    child.stderr.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(0, WORDS_CHARS_MAX);
    });
    child.on('error', (error) => {
      this.missing = true; // W2
      this.holder?.cancel();
      this.holder = undefined;
      this.deps.log.info({ err: error.message }, 'no logind here: the machine is not kept awake');
    });
    child.on('exit', (code) => {
      if (this.holder?.child !== child) return;
      this.holder.cancel();
      this.ended(sinceMs);
      if (this.told || code === 0) return;
      this.told = true;
      // Its words are whole only then.
      child.on('close', () => {
        const err = displayText(words.trim(), WORDS_CHARS_MAX);
        this.deps.log.info({ err, what }, 'logind refuses an inhibitor: runs go on without it');
      });
    });
    const cancel = this.deps.clock.after(leftMs, () => {
      this.release(); // W1
    });
    this.holder = { child, cancel, sinceMs };
  }
}
