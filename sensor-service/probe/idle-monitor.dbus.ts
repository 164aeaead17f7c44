// Mutter's count of input: the one desktop interface that says when the last key was pressed.
//
// It is asked to call when nobody has touched anything for so long, and then to call at the first
// touch: two signals for each absence, and nothing to poll.

import type { Clock } from '../../runtime/clock.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { CountedInput } from '../reading/counted-input.js';
import type { BusSignal } from './bus.dbus.js';
import { Mirror } from './mirror.dbus.js';
import type { WatchDeps } from './property-watch.dbus.js';

const SERVICE = 'org.gnome.Mutter.IdleMonitor';
const PATH = '/org/gnome/Mutter/IdleMonitor/Core';

interface IdleMonitorDeps extends Omit<WatchDeps, 'tell'> {
  readonly clock: Clock;
  /** Nobody touched anything for so long: it is told, with the instant of the last touch. */
  readonly stillAfterMs: number;
  readonly changed: (input: CountedInput) => void;
}

export class IdleMonitor implements Closeable {
  private readonly mirror: Mirror;
  private idleWatch: unknown;
  private activeWatch: unknown;

  constructor(private readonly deps: IdleMonitorDeps) {
    this.mirror = new Mirror({
      ...deps,
      ...{ service: SERVICE, ifAbsent: 'GNOME has it' },
      appeared: () => void this.begin(),
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

  private async begin(): Promise<void> {
    this.idleWatch = undefined;
    this.activeWatch = undefined;
    try {
      this.idleWatch = await this.ask('AddIdleWatch', 't', [BigInt(this.deps.stillAfterMs)]);
      const idleMs = await this.ask('GetIdletime');
      if (typeof idleMs !== 'bigint') return;
      if (Number(idleMs) >= this.deps.stillAfterMs) this.leave(Number(idleMs));
      else this.deps.changed({ kind: 'engaged' });
    } catch {
      // What does not count is not there; logind's hints stand in.
      this.deps.changed(undefined);
    }
  }

  private take({ path, member, args }: BusSignal): void {
    if (path !== PATH || member !== 'WatchFired' || args[0] === undefined) return;
    if (args[0] === this.activeWatch) {
      this.activeWatch = undefined;
      this.deps.changed({ kind: 'engaged' });
    } else if (args[0] === this.idleWatch) this.leave(this.deps.stillAfterMs);
  }

  private leave(idleMs: number): void {
    this.deps.changed({
      kind: 'away',
      sinceMs: this.deps.clock.now().monotonicMs - idleMs,
    });
    void this.awaitReturn();
  }

  /** Until the watch is in place a return would go unnoticed, so the time is asked once more. */
  private async awaitReturn(): Promise<void> {
    try {
      this.activeWatch = await this.ask('AddUserActiveWatch');
      const idleMs = await this.ask('GetIdletime');
      if (typeof idleMs === 'bigint' && Number(idleMs) < this.deps.stillAfterMs) {
        this.deps.changed({ kind: 'engaged' });
      }
    } catch {
      this.deps.changed(undefined);
    }
  }

  private async ask(member: string, signature?: string, args?: unknown[]): Promise<unknown> {
    return await this.mirror.call(PATH, SERVICE, member, signature, args);
  }
}
