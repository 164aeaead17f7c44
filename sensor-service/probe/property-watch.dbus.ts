// Signals that are properties of a service on the bus, each told when it changes.

import type { Signal, Value } from '../../conditions/reading.js';
import type { Clock } from '../../runtime/clock.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { measurement, unknownValue, type Measurement } from '../reading/measurement.js';
import type { Bus } from './bus.dbus.js';
import type { Properties } from './followed.dbus.js';
import { Mirror } from './mirror.dbus.js';

/** Hands measurements on at once. */
export type Tell = (measurements: readonly Measurement[]) => void;

export type ObjectKey = readonly [path: string, iface: string];
type Look = (key: ObjectKey) => Properties | undefined;

/** What to look at in a service, and what it means. */
export interface Watched {
  readonly service: string;
  /** What to do where the service is not there, as the end of a sentence. */
  readonly ifAbsent: string;
  readonly signals: readonly Signal[];
  /** The interfaces of its objects. */
  readonly ifaces: readonly string[];
  /** What its absence means; without it: unknown. */
  readonly absent?: Value;
  /** The objects that matter, by what is known of them so far. */
  readonly objects: (look: Look) => readonly ObjectKey[];
  /** Each signal's value; undefined for what has not been read. */
  readonly measure: (look: Look) => readonly (Value | undefined)[];
}

export interface WatchDeps {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly tell: Tell;
  readonly pingEveryMs?: number;
}

export class PropertyWatch implements Closeable {
  private readonly mirror: Mirror;
  private following: readonly ObjectKey[] = [];

  constructor(
    private readonly watched: Watched,
    private readonly deps: WatchDeps,
  ) {
    this.mirror = new Mirror({
      ...deps,
      ...{ service: watched.service, ifAbsent: watched.ifAbsent },
      heeds: { properties: watched.ifaces },
      appeared: () => {
        this.following = [];
        this.follow();
      },
      changed: () => {
        this.follow();
        this.deps.tell(this.measure());
      },
    });
  }

  close(): void {
    this.mirror.close();
  }

  private readonly look: Look = ([path, iface]) => this.mirror.properties(path, iface);

  private follow(): void {
    if (this.mirror.state.kind !== 'present') return;
    const wanted = this.watched.objects(this.look).filter(([path]) => isObject(path));
    for (const [path, iface] of this.following) {
      if (!wanted.some((key) => key[0] === path && key[1] === iface)) {
        this.mirror.unfollow(path, iface);
      }
    }
    for (const [path, iface] of wanted) this.mirror.follow(path, iface);
    this.following = wanted;
  }

  private measure(): Measurement[] {
    const { service, signals, absent } = this.watched;
    const { state } = this.mirror;
    const values = state.kind === 'present' ? this.watched.measure(this.look) : [];
    return signals.map((signal, index) => {
      const value =
        state.kind === 'present'
          ? (values[index] ?? unknownValue(`${service} has not been read yet`))
          : state.kind === 'absent' && absent !== undefined
            ? absent
            : unknownValue(state.why);
      return measurement(signal, service, value);
    });
  }
}

/** "/" is the bus's way to say "none". */
function isObject(path: unknown): boolean {
  return typeof path === 'string' && path.startsWith('/') && path !== '/';
}
