// The properties of one service's objects, kept up to date by its signals.
//
//   unreachable ──(the bus opens)──▶ absent ──(its name gets an owner)──▶ present ⇄ silent
//       ▲──────(the bus is lost)───────┴────(the name loses its owner)───────┴────────┘
//
// Invariants:
//   M1. Nothing that was read from an owner outlives it, or its silence: silence is noticed within
//       `PING_EVERY_MS` and one deadline.
//   M2. A change is folded in the tick of its signal; only signals of the owner count.
//   M3. At most `FOLLOWED_MAX` objects are followed, and `READS_MAX` are read at a time.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { Bus, BusListener, BusSignal } from './bus.dbus.js';

export type Properties = Readonly<Record<string, unknown>>;

/** A service that hangs sends no signals: only asking tells it from one with nothing to say. */
const PING_EVERY_MS = 10_000;
const FOLLOWED_MAX = 1_024;
const READS_MAX = 16;

const BUS = 'org.freedesktop.DBus';
const PROPERTIES = 'org.freedesktop.DBus.Properties';

export type MirrorState =
  | { readonly kind: 'present' }
  /** `absent` is known to be absent; `silent` is there and does not answer. */
  | { readonly kind: 'unreachable' | 'absent' | 'silent'; readonly why: string };

interface MirrorDeps {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly service: string;
  /** Shown when the service is not there: what to install. */
  readonly ifAbsent: string;
  readonly pingEveryMs?: number;
  /** It is there, perhaps anew: follow what matters. */
  readonly appeared: () => void;
  /** The state or something followed has changed. */
  readonly changed: () => void;
  /** Signals other than changed properties. */
  readonly signalled?: (signal: BusSignal) => void;
}

interface Followed {
  readonly path: string;
  readonly iface: string;
  properties: Properties | undefined;
  reading: boolean;
}

export class Mirror implements Closeable {
  state: MirrorState;
  private owner: string | undefined;
  private followed = new Map<string, Followed>();
  private waiting: Followed[] = [];
  private reads = 0;
  private cancelPing: CancelTimer = () => undefined;
  private closed = false;
  private readonly rules: readonly string[];
  private readonly stopListening: () => void;

  constructor(private readonly deps: MirrorDeps) {
    const { service } = deps;
    this.rules = [
      `type='signal',sender='${service}'`,
      `type='signal',sender='${BUS}',member='NameOwnerChanged',arg0='${service}'`,
    ];
    this.state = { kind: 'unreachable', why: `${deps.service} has not been asked yet` };
    const listener: BusListener = {
      opened: () => void this.begin(),
      signalled: (signal) => {
        this.take(signal);
      },
      lost: (why) => {
        this.leave({ kind: 'unreachable', why });
      },
    };
    this.stopListening = deps.bus.listen(listener);
  }

  /** Whether everything that is followed has been read. */
  get complete(): boolean {
    return this.reads === 0 && this.waiting.length === 0;
  }

  /** Starts to mirror an object. @returns whether there was room. */
  follow(path: string, iface: string): boolean {
    const key = `${path} ${iface}`;
    if (this.followed.has(key)) return true;
    if (this.followed.size >= FOLLOWED_MAX) return false; // M3
    const followed: Followed = { path, iface, properties: undefined, reading: false };
    this.followed.set(key, followed);
    this.enqueue(followed);
    return true;
  }

  unfollow(path: string, iface: string): void {
    this.followed.delete(`${path} ${iface}`);
  }

  /** The last that was heard of an object; undefined before it was read. */
  properties(path: string, iface: string): Properties | undefined {
    return this.followed.get(`${path} ${iface}`)?.properties;
  }

  async call(
    path: string,
    iface: string,
    member: string,
    signature?: string,
    args?: readonly unknown[],
  ): Promise<unknown> {
    const asked = signature === undefined ? {} : { signature, args: args ?? [] };
    const service = this.owner ?? this.deps.service;
    return await this.deps.bus.call({ service, path, iface, member, ...asked });
  }

  /** Reads an object anew: for properties that change without a signal. */
  reread(path: string, iface: string): void {
    const followed = this.followed.get(`${path} ${iface}`);
    if (followed !== undefined && !followed.reading) this.enqueue(followed);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.stopListening();
    for (const rule of this.rules) this.deps.bus.unmatch(rule);
    this.forget();
  }

  private async begin(): Promise<void> {
    const { bus, service } = this.deps;
    try {
      for (const rule of this.rules) await bus.match(rule);
      const owner = await bus.call({
        ...{ service: BUS, path: '/org/freedesktop/DBus', iface: BUS, member: 'GetNameOwner' },
        ...{ signature: 's', args: [service] },
      });
      if (typeof owner === 'string') this.meet(owner);
    } catch (error) {
      if (this.owner === undefined) this.leave(absence(service, this.deps.ifAbsent, error));
    }
  }

  private meet(owner: string): void {
    if (this.closed) return;
    this.forget(); // M1
    this.owner = owner;
    this.state = { kind: 'present' };
    this.armPing();
    this.deps.appeared();
    this.deps.changed();
  }

  private leave(state: MirrorState): void {
    if (this.closed) return;
    this.forget(); // M1
    this.owner = undefined;
    this.state = state;
    this.deps.changed();
  }

  private forget(): void {
    this.cancelPing();
    this.followed = new Map();
    this.waiting = [];
    this.reads = 0;
  }

  private take(signal: BusSignal): void {
    const { service, ifAbsent } = this.deps;
    if (signal.sender === BUS && signal.member === 'NameOwnerChanged') {
      const [name, , owner] = signal.args;
      if (name !== service) return;
      if (typeof owner === 'string' && owner !== '') this.meet(owner);
      else this.leave({ kind: 'absent', why: `${service} has ended; ${ifAbsent}` });
      return;
    }
    if (signal.sender !== this.owner) return; // M2
    if (signal.iface !== PROPERTIES || signal.member !== 'PropertiesChanged') {
      this.deps.signalled?.(signal);
      return;
    }
    const [iface, changes, invalidated] = signal.args;
    const followed = this.followed.get(`${signal.path} ${String(iface)}`);
    if (followed?.properties === undefined) return;
    followed.properties = { ...followed.properties, ...propertiesOf(changes) };
    if (Array.isArray(invalidated) && invalidated.length > 0 && !followed.reading) {
      this.enqueue(followed);
    }
    this.deps.changed();
  }

  private enqueue(followed: Followed): void {
    followed.reading = true;
    this.waiting.push(followed);
    this.drain();
  }

  private drain(): void {
    while (this.reads < READS_MAX) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.reads += 1; // M3
      void this.read(next, this.followed);
    }
  }

  /** @param among tells a reply of this owner from one that comes after it has gone (M1). */
  private async read(followed: Followed, among: Map<string, Followed>): Promise<void> {
    const { path, iface } = followed;
    try {
      const answer = await this.call(path, PROPERTIES, 'GetAll', 's', [iface]);
      if (among !== this.followed) return;
      followed.properties = propertiesOf(answer);
    } catch (error) {
      if (among !== this.followed) return;
      if (isSilence(error)) {
        this.hush();
        return;
      }
      // An object that vanished meanwhile, as sessions do.
      this.unfollow(path, iface);
    }
    followed.reading = false;
    this.reads -= 1;
    this.drain();
    this.deps.changed();
  }

  private armPing(): void {
    this.cancelPing();
    this.cancelPing = this.deps.clock.after(this.deps.pingEveryMs ?? PING_EVERY_MS, () => {
      void this.ping();
    });
  }

  private async ping(): Promise<void> {
    const { owner } = this;
    if (owner === undefined) return;
    try {
      await this.call('/', 'org.freedesktop.DBus.Peer', 'Ping');
    } catch (error) {
      if (owner === this.owner && isSilence(error)) {
        this.hush();
        return;
      }
    }
    if (owner !== this.owner || this.closed) return;
    if (this.state.kind === 'silent') this.meet(owner);
    else this.armPing();
  }

  /** The owner is there and says nothing: what it said is forgotten, and it is asked again. */
  private hush(): void {
    if (this.closed) return;
    this.forget(); // M1
    this.state = { kind: 'silent', why: `${this.deps.service} does not answer` };
    this.armPing();
    this.deps.changed();
  }
}

function absence(service: string, ifAbsent: string, error: unknown): MirrorState {
  const named = (error as { dbusName?: unknown } | undefined)?.dbusName;
  if (named !== 'org.freedesktop.DBus.Error.NameHasNoOwner') {
    return { kind: 'unreachable', why: `the bus does not say whether ${service} is there` };
  }
  return { kind: 'absent', why: `${service} is not running; ${ifAbsent}` };
}

function isSilence(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 'ETIMEDOUT';
}

function propertiesOf(value: unknown): Properties {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  // A map without a prototype: a property may be called __proto__ (T24).
  return Object.assign(Object.create(null) as Record<string, unknown>, value);
}
