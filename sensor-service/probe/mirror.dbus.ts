// The properties of one service's objects, kept up to date by its signals.
//
//   unreachable ──(the bus opens)──▶ absent ──(its name gets an owner)──▶ present ⇄ silent
//       ▲──────(the bus is lost)───────┴────(the name loses its owner)───────┴────────┘
//
// Invariants:
//   M1. Nothing that was read from an owner outlives it, or its silence: see `Liveness`.
//   M2. A change is folded in the tick of its signal; only signals of the owner count.
//   M3. Nothing is told after `close`, not even the answer to a question that was on its way.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { Bus, BusCall, BusListener, BusSignal } from './bus.dbus.js';
import { FollowedObjects, hasNoOwner, type Properties } from './followed.dbus.js';
import { BUS, PROPERTIES, rulesOf, type Heeds } from './heeds.dbus.js';
import { Liveness } from './liveness.dbus.js';

/** How often a service is asked whether it still answers: with the heartbeats of whoever asks for one in 10 s. */
const PING_EVERY_MS = 9_000;

const ping = { path: '/', iface: 'org.freedesktop.DBus.Peer', member: 'Ping' } as const;

export type MirrorState =
  | { readonly kind: 'present' }
  /** `absent` is known to be absent; `silent` is there and does not answer. */
  | { readonly kind: 'unreachable' | 'absent' | 'silent'; readonly why: string };

export interface MirrorDeps {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly service: string;
  /** Shown when the service is not there: what to install. */
  readonly ifAbsent: string;
  readonly heeds: Heeds;
  readonly pingEveryMs?: number;
  readonly followedMax?: number;
  /** It is there, perhaps anew: follow what matters. `again`: the same one answers after a silence. */
  readonly appeared: (again: boolean) => void;
  /** The state or something followed has changed. */
  readonly changed: () => void;
  /** Signals other than changed properties. */
  readonly signalled?: (signal: BusSignal) => void;
  /** What is asked in the place of a ping, where there is something to ask: it costs the same. */
  readonly question?: () => Question | undefined;
}

interface Question {
  readonly call: Omit<BusCall, 'service' | 'msMax' | 'atOnce'>;
  readonly answered: (error: Error | undefined, value?: unknown) => void;
}

export class Mirror implements Closeable {
  state: MirrorState;
  private owner: string | undefined;
  private objects: FollowedObjects;
  private cancelBegin: CancelTimer = () => undefined;
  private liveness: Liveness | undefined;
  private closed = false;
  private readonly rules: readonly string[];
  private readonly stopListening: () => void;

  constructor(private readonly deps: MirrorDeps) {
    this.objects = this.noObjects();
    this.rules = rulesOf(deps.service, deps.heeds);
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
    return this.objects.complete;
  }

  /** Starts to mirror an object. @returns whether there was room. */
  follow(path: string, iface: string): boolean {
    return this.objects.follow(path, iface);
  }

  unfollow(path: string, iface: string): void {
    this.objects.unfollow(path, iface);
  }

  /** The last that was heard of an object; undefined before it was read. */
  properties(path: string, iface: string): Properties | undefined {
    return this.objects.properties(path, iface);
  }

  /** Calls the service, and hands over the reply in its order among the signals. */
  ask(
    call: Omit<BusCall, 'service'>,
    done: (error: Error | undefined, value?: unknown) => void,
  ): void {
    const service = this.owner ?? this.deps.service;
    this.deps.bus.ask({ ...call, service }, (error, value) => {
      if (!this.closed) done(error, value); // M3
    });
  }

  /** Reads an object anew: for properties that change without a signal. */
  reread(path: string, iface: string): void {
    this.objects.reread(path, iface);
  }

  /** Asks whether it still answers: whoever does not is silent at once. */
  check(): void {
    this.liveness?.check();
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
    } catch {
      // Where the connection has ended it begins anew; a bus that only hung is asked again.
      this.cancelBegin();
      this.cancelBegin = this.deps.clock.after(this.deps.pingEveryMs ?? PING_EVERY_MS, () => {
        if (!this.closed && this.owner === undefined) void this.begin();
      });
      return;
    }
    const whose = { service: BUS, path: '/org/freedesktop/DBus', iface: BUS, args: [service] };
    bus.ask({ ...whose, member: 'GetNameOwner', signature: 's' }, (error, owner) => {
      if (typeof owner === 'string') this.meet(owner);
      else if (this.owner === undefined) {
        this.leave(absence(service, this.deps.ifAbsent, error));
      }
    });
  }

  private meet(owner: string): void {
    if (this.closed) return;
    const again = owner === this.owner;
    this.forget(); // M1
    this.owner = owner;
    this.state = { kind: 'present' };
    const pingEveryMs = this.deps.pingEveryMs ?? PING_EVERY_MS;
    this.liveness = new Liveness({
      clock: this.deps.clock,
      everyMs: pingEveryMs,
      ping: (done) => {
        const question = this.deps.question?.();
        // A deadline before the next ping would wake for itself, also when it was cancelled.
        const asked = { ...(question?.call ?? ping), msMax: pingEveryMs, atOnce: true };
        const call = { service: owner, ...asked };
        this.deps.bus.ask(call, (error, value) => {
          if (this.closed || this.owner !== owner) return; // M3
          if (this.state.kind === 'present') question?.answered(error, value);
          done(error);
        });
      },
      silent: () => {
        this.hush();
      },
      answers: () => {
        if (this.state.kind === 'silent') this.meet(owner);
      },
    });
    this.deps.appeared(again);
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
    this.cancelBegin();
    this.liveness?.close();
    this.liveness = undefined;
    this.forgetObjects();
  }

  private forgetObjects(): void {
    this.objects.end();
    this.objects = this.noObjects();
  }

  private noObjects(): FollowedObjects {
    return new FollowedObjects({
      read: (path, iface, done) => {
        this.ask(
          { path, iface: PROPERTIES, member: 'GetAll', signature: 's', args: [iface] },
          done,
        );
      },
      changed: this.deps.changed,
      silent: () => {
        this.hush();
      },
      followedMax: this.deps.followedMax,
    });
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
    if (this.objects.patch(signal.path, signal.args)) this.deps.changed(); // M2
  }

  /** The owner is there and says nothing: what it said is forgotten, and it is asked again. */
  hush(): void {
    if (this.closed || this.state.kind !== 'present') return;
    this.forgetObjects(); // M1
    this.state = { kind: 'silent', why: `${this.deps.service} does not answer` };
    this.deps.changed();
  }
}

function absence(service: string, ifAbsent: string, error: unknown): MirrorState {
  if (!hasNoOwner(error)) {
    return { kind: 'unreachable', why: `the bus does not say whether ${service} is there` };
  }
  return { kind: 'absent', why: `${service} is not running; ${ifAbsent}` };
}
