// Mutter's count of input: the one desktop interface that says when the last key was pressed.
//
// It is asked to call when nobody has touched anything for so long, and then to call at the first
// touch: two signals for each absence, and nothing to poll.
//
// Invariants:
//   I1. Of each kind one watch is set up at most: Mutter keeps them for as long as we are connected, and
//       takes back without asking whose it is. One that stutters has ours still; a new one has none.
//   I2. Answers are heard in their order among the signals, so that none lies over a later one.
//   I3. A time that cannot be is no word of an absence.

import type { Clock } from '../../runtime/clock.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { CountedInput } from '../reading/counted-input.js';
import type { BusSignal } from './bus.dbus.js';
import { isSilence } from './followed.dbus.js';
import { Mirror } from './mirror.dbus.js';
import type { WatchDeps } from './property-watch.dbus.js';

const SERVICE = 'org.gnome.Mutter.IdleMonitor';
const PATH = '/org/gnome/Mutter/IdleMonitor/Core';
const TOO_LONG = `${SERVICE} counts an absence that is longer than the machine is awake`;
const NONSENSE = `${SERVICE} does not say for how long nobody touched anything`;

interface IdleMonitorDeps extends Omit<WatchDeps, 'tell'> {
  readonly clock: Clock;
  /** Nobody touched anything for so long: it is told, with the instant of the last touch. */
  readonly stillAfterMs: number;
  readonly changed: (input: CountedInput) => void;
}

/** A watch of Mutter's. */
type Watch = { readonly kind: 'none' | 'asked' } | { readonly kind: 'set'; readonly id: unknown };

const none: Watch = { kind: 'none' };

export class IdleMonitor implements Closeable {
  private readonly mirror: Mirror;
  private idleWatch: Watch = none;
  private activeWatch: Watch = none;
  /** Tells the answers of one Mutter from those of the one before. */
  private met = 0;

  constructor(private readonly deps: IdleMonitorDeps) {
    this.mirror = new Mirror({
      ...deps,
      ...{ service: SERVICE, ifAbsent: 'GNOME has it', heeds: { signals: [SERVICE] } },
      appeared: (again) => {
        this.begin(again);
      },
      changed: () => {
        const { state } = this.mirror;
        // Nobody counts where there is none; one that hangs may be missing somebody right now.
        if (state.kind === 'silent') deps.changed({ kind: 'unknown', why: state.why });
        else if (state.kind !== 'present') deps.changed(undefined);
      },
      signalled: (signal) => {
        this.take(signal);
      },
    });
  }

  check(): void {
    this.mirror.check();
  }

  close(): void {
    this.mirror.close();
  }

  private begin(again: boolean): void {
    if (!again) {
      this.met += 1;
      this.idleWatch = none;
      this.activeWatch = none;
    }
    if (this.idleWatch.kind === 'none') {
      this.idleWatch = { kind: 'asked' };
      this.addWatch('AddIdleWatch', [BigInt(this.deps.stillAfterMs)], (watch) => {
        this.idleWatch = watch;
      });
    }
    this.askIdleTime((idleMs) => {
      if (idleMs >= this.deps.stillAfterMs) this.leave(idleMs);
      else this.deps.changed({ kind: 'engaged' });
    });
  }

  private take({ path, member, args: [id] }: BusSignal): void {
    if (path !== PATH || member !== 'WatchFired' || id === undefined) return;
    if (isOf(this.activeWatch, id)) {
      this.activeWatch = none; // It calls once.
      this.deps.changed({ kind: 'engaged' });
    } else if (isOf(this.idleWatch, id)) this.leave(this.deps.stillAfterMs);
  }

  private leave(idleMs: number): void {
    this.deps.changed({
      kind: 'away',
      sinceMs: this.deps.clock.now().monotonicMs - idleMs,
    });
    if (this.activeWatch.kind !== 'none') return; // I1
    this.activeWatch = { kind: 'asked' };
    this.addWatch('AddUserActiveWatch', undefined, (watch) => {
      this.activeWatch = watch;
    });
    // Until the watch is in place a return would go unnoticed, so the time is asked once more.
    this.askIdleTime((againMs) => {
      if (againMs < this.deps.stillAfterMs) this.deps.changed({ kind: 'engaged' });
    });
  }

  private addWatch(
    member: string,
    args: readonly unknown[] | undefined,
    added: (watch: Watch) => void,
  ): void {
    this.ask(member, args, (error, id) => {
      added(error === undefined ? { kind: 'set', id } : none);
      if (error !== undefined) this.fail(error);
    });
  }

  private askIdleTime(told: (idleMs: number) => void): void {
    this.ask('GetIdletime', undefined, (error, idleMs) => {
      // One that has no watch calls nobody, whatever time it gives.
      if (this.idleWatch.kind === 'none') return;
      if (error !== undefined) this.fail(error);
      else if (typeof idleMs !== 'bigint') this.deps.changed({ kind: 'unknown', why: NONSENSE });
      else if (this.isPossible(idleMs)) told(Number(idleMs));
      else this.deps.changed({ kind: 'unknown', why: TOO_LONG }); // I3
    });
  }

  /** Both are counted by the clock that stands still while the machine sleeps. */
  private isPossible(idleMs: bigint): boolean {
    return idleMs <= BigInt(Math.ceil(this.deps.clock.now().monotonicMs));
  }

  private fail(error: Error): void {
    if (isSilence(error)) this.mirror.hush();
    // What does not count is not there; logind's hints stand in.
    else this.deps.changed(undefined);
  }

  private ask(
    member: string,
    args: readonly unknown[] | undefined,
    done: (error: Error | undefined, value?: unknown) => void,
  ): void {
    const { met } = this;
    const takes = args === undefined ? {} : { signature: 't', args };
    this.mirror.ask({ path: PATH, iface: SERVICE, member, ...takes }, (error, value) => {
      if (met === this.met) done(error, value); // I2
    });
  }
}

function isOf(watch: Watch, id: unknown): boolean {
  return watch.kind === 'set' && watch.id === id;
}
