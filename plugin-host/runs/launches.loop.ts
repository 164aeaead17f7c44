// Launches that outlive their run for a moment, because the next action of the same update comes at
// once: an updater's start costs more than most of what it does.
//
//   open ─run ends well─▶ lingering, frozen ─same launch asked for─▶ open
//     └─ ends otherwise ─▶ closed ◀─ anything else asked for, its time is over, we stop
//
// Invariants:
//   L1. What lingers is frozen, or ended where it goes on, and serves no run: its token opens nothing
//       meanwhile (T15). The brake of the run before is off: it does not slow the next one.
//   L2. At most one lingers, for at most LINGER_MS; a launch serves at most RUNS_MAX runs.
//   L3. It is taken only by a run that would be launched in exactly the same way.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import { FreezeWatch, type Freezable } from './freeze-watch.loop.js';

/** The next action of an update is decided within milliseconds (ours). */
const LINGER_MS = 5_000;
/** What a program leaves lying about in memory has an end. */
const RUNS_MAX = 20;

export interface Launched extends Closeable {
  /** What decides whether another run would be launched in the same way. */
  readonly key: string;
  readonly sandbox: Freezable & Pick<Sandbox, 'thaw' | 'unthrottle' | 'exited'>;
  close(): Promise<void>;
}

interface Lingering<T> {
  readonly launch: T;
  readonly cancel: CancelTimer;
}

export class Launches<T extends Launched> implements Closeable {
  private lingering: Lingering<T> | undefined;
  private readonly runCounts = new WeakMap<T, number>();
  private readonly ending = new Set<Promise<void>>();
  private closed = false;

  constructor(private readonly deps: { readonly clock: Clock; readonly log: Log }) {}

  /** The launch that lingers, still frozen, if it is the same; whatever else lingers is closed. */
  take(key: string): T | undefined {
    const { lingering } = this;
    if (lingering?.launch.key !== key) {
      this.drop(); // L2, L3
      return undefined;
    }
    lingering.cancel();
    this.lingering = undefined;
    return lingering.launch;
  }

  /** Takes a launch back whose run has ended well. */
  keep(launch: T): void {
    launch.sandbox.freeze(); // L1
    launch.sandbox.unthrottle();
    const count = (this.runCounts.get(launch) ?? 0) + 1;
    this.runCounts.set(launch, count);
    if (this.closed || count >= RUNS_MAX) {
      this.end(launch);
      return;
    }
    this.drop();
    const cancelTime = this.deps.clock.after(LINGER_MS, () => {
      this.drop();
    });
    const watch = new FreezeWatch({
      clock: this.deps.clock,
      sandbox: launch.sandbox,
      onGoesOn: () => {
        this.deps.log.error('what was frozen went on after its run: it is killed');
        this.drop();
      },
    });
    const mine: Lingering<T> = {
      launch,
      cancel: () => {
        cancelTime();
        watch.close();
      },
    };
    this.lingering = mine;
    void launch.sandbox.exited.then(() => {
      if (this.lingering === mine) this.drop();
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    this.drop();
    await Promise.all(this.ending);
  }

  private drop(): void {
    const { lingering } = this;
    this.lingering = undefined;
    if (lingering === undefined) return;
    lingering.cancel();
    this.end(lingering.launch);
  }

  /** Nobody waits for it but our own end. */
  private end(launch: T): void {
    const ending = launch.close().catch((error: unknown) => {
      this.deps.log.error({ err: error }, 'a launch could not be closed');
    });
    this.ending.add(ending);
    void ending.then(() => this.ending.delete(ending));
  }
}
