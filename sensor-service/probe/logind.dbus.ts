// logind: sessions, lock and idle hints, inhibitors, sleep: the machine's own account of its people.
//
// Invariants:
//   G1. An edge is told in the tick of its signal.
//   G2. Before every session has been read nothing is said of presence: the one that is not read yet
//       may be the one in which somebody works.
//   G3. Where something blocks idle already, another one that joins it is not signalled. So as long as
//       one does, logind is asked whose they are in the place of a sign of life, and one that joins is
//       heard of within a second while a run is on.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { saidBy } from '../reading/bus-words.js';
import { idleInhibited, namesIdle } from '../reading/inhibitor.js';
import { flagValue, measurement, numberValue, unknownValue } from '../reading/measurement.js';
import { sessionOf, type Session } from '../reading/session.js';
import type { BusSignal } from './bus.dbus.js';
import { isSilence } from './followed.dbus.js';
import { Mirror, type MirrorDeps } from './mirror.dbus.js';
import type { WatchDeps } from './property-watch.dbus.js';

const SERVICE = 'org.freedesktop.login1';
const MANAGER = 'org.freedesktop.login1.Manager';
const SESSION = 'org.freedesktop.login1.Session';
const PATH = '/org/freedesktop/login1';
/** Who keeps idle away is asked in the middle of an edge: a logind that takes longer hangs. */
const NAME_MS_MAX = 400;
/** Of sessions without a seat, and of terminals, not everything is signalled: they are asked again. */
const AGAIN_EVERY_MS = 60_000;
/** A list takes three times as long to read as a pong: every third sign of life of a run is one. */
const NAMES_EVERY_MS = 600;
const TOO_MANY = 'there are more sessions than can be followed';
const NEVER_READ = Symbol('never read');

/** Sessions by their path, or why they are not known. */
export type Sessions =
  | { readonly kind: 'known'; readonly sessions: ReadonlyMap<string, Session> }
  /** `silent`: it is there, and does not answer. */
  | { readonly kind: 'unknown'; readonly why: string; readonly silent?: boolean };

interface LogindDeps extends WatchDeps {
  readonly clock: Clock;
  readonly sessions: (sessions: Sessions) => void;
  readonly resumed: () => void;
  /** Fewer objects in tests. */
  readonly followedMax?: number;
}

export class Logind implements Closeable {
  private readonly mirror: Mirror;
  private readonly paths = new Set<string>();
  private listing: 'asked' | 'listed' | 'read' | 'too-many' = 'asked';
  /** Tells the answer of a logind that has gone from that of the one after it. */
  private begun = 0;
  private inhibited: unknown = NEVER_READ;
  private namedAtMs = -Infinity;
  private quiet: readonly string[] = [];
  private againIsDue = false;
  private cancelAgain: CancelTimer = () => undefined;

  constructor(private readonly deps: LogindDeps) {
    this.mirror = new Mirror({
      ...deps,
      service: SERVICE,
      ifAbsent: 'install systemd-logind or elogind',
      heeds: { properties: [MANAGER, SESSION], signals: [MANAGER] },
      appeared: () => {
        this.begin();
      },
      changed: () => {
        this.changed();
      },
      signalled: (signal) => {
        this.take(signal);
      },
      question: () => {
        const isDue = this.deps.clock.now().monotonicMs - this.namedAtMs >= NAMES_EVERY_MS;
        return isDue ? this.whoInhibits() : undefined;
      },
    });
  }

  check(): void {
    this.mirror.check();
  }

  close(): void {
    this.cancelAgain();
    this.mirror.close();
  }

  private begin(): void {
    this.inhibited = NEVER_READ;
    this.mirror.follow(PATH, MANAGER);
    this.list();
  }

  private list(): void {
    this.begun += 1;
    const { begun } = this;
    this.listing = 'asked';
    this.paths.clear();
    const call = { path: PATH, iface: MANAGER, member: 'ListSessions' };
    this.mirror.ask(call, (error, list) => {
      if (begun !== this.begun) return;
      if (error !== undefined || !Array.isArray(list)) {
        const why =
          error === undefined ? 'logind lists sessions in a form not known' : saidBy(error);
        this.deps.sessions({ kind: 'unknown', why });
        return;
      }
      this.listing = 'listed';
      for (const entry of list) this.add(Array.isArray(entry) ? entry[4] : undefined);
      this.changed();
    });
  }

  private add(path: unknown): void {
    if (typeof path !== 'string') return;
    if (this.mirror.follow(path, SESSION)) this.paths.add(path);
    else this.listing = 'too-many';
  }

  private take({ path, member, args }: BusSignal): void {
    if (path !== PATH) return;
    // Also before the list has come: a session opened after it was made is not on it.
    if (member === 'SessionNew') {
      this.add(args[1]);
      if (this.listing === 'too-many') this.changed();
    }
    if (member === 'SessionRemoved' && typeof args[1] === 'string') {
      this.paths.delete(args[1]);
      this.mirror.unfollow(args[1], SESSION);
      this.changed();
    }
    if (member === 'PrepareForSleep' && args[0] === false) {
      const { wallMs } = this.deps.clock.now();
      const value = numberValue('resume.at', wallMs);
      this.deps.tell([measurement('resume.at', SERVICE, value)]);
      this.deps.resumed();
    }
  }

  private changed(): void {
    const { state } = this.mirror;
    if (state.kind !== 'present') {
      this.deps.sessions({ kind: 'unknown', why: state.why, silent: state.kind === 'silent' });
      this.tellInhibitor({ value: unknownValue(state.why), source: SERVICE });
      return;
    }
    this.tellSessions();
    const manager = this.mirror.properties(PATH, MANAGER);
    if (manager === undefined || manager['BlockInhibited'] === this.inhibited) return;
    this.inhibited = manager['BlockInhibited'];
    if (namesIdle(this.inhibited) === false) {
      this.tellInhibitor({ value: flagValue(false), source: SERVICE }); // G1
    } else this.nameInhibitor();
  }

  private tellSessions(): void {
    if (this.listing === 'too-many') {
      this.deps.sessions({ kind: 'unknown', why: TOO_MANY });
      this.armAgain();
      return;
    }
    if (this.listing === 'listed' && this.mirror.complete) this.listing = 'read';
    if (this.listing !== 'read') return; // G2
    const sessions = new Map<string, Session>();
    for (const path of this.paths) {
      const properties = this.mirror.properties(path, SESSION);
      const session = properties === undefined ? undefined : sessionOf(properties);
      if (session === 'nonsense') {
        this.deps.sessions({ kind: 'unknown', why: 'logind describes a session in no known way' });
        return;
      }
      if (session !== undefined) sessions.set(path, session);
    }
    this.deps.sessions({ kind: 'known', sessions });
    this.tellLogin(sessions);
    this.armReread(sessions);
  }

  private tellLogin(sessions: ReadonlyMap<string, Session>): void {
    // A check that logs in by SSH every minute is no login of anybody.
    const people = [...sessions.values()].filter(
      ({ greeter, kind }) => !greeter && kind !== 'opaque' && kind !== 'left',
    );
    const lastMs = Math.max(...people.map(({ login }) => login.atMs));
    const value =
      people.length === 0 ? unknownValue('nobody is logged in') : numberValue('login.at', lastMs);
    this.deps.tell([measurement('login.at', SERVICE, value)]);
  }

  /**
   * When a terminal was used last is told without a signal, and that a session closes: one at a seat is
   * not active any more, any other one looks as before. A minute after they were asked last they are asked
   * again, however much else changes meanwhile.
   */
  private armReread(sessions: ReadonlyMap<string, Session>): void {
    const isQuiet = ({ kind, seat }: Session): boolean => kind === 'terminal' || !seat;
    this.quiet = [...sessions].flatMap(([path, session]) => (isQuiet(session) ? path : []));
    if (this.quiet.length === 0) return;
    this.armAgain();
  }

  private armAgain(): void {
    if (this.againIsDue) return;
    this.againIsDue = true;
    this.cancelAgain = this.deps.clock.after(AGAIN_EVERY_MS, () => {
      this.againIsDue = false;
      if (this.mirror.state.kind !== 'present') return;
      // Sessions that are not followed go without a word: what there is by now is listed anew.
      if (this.listing === 'too-many') this.list();
      else for (const path of this.quiet) this.mirror.reread(path, SESSION);
    });
  }

  /** One that blocks idle may be our own, which is no sign of a person: so it is asked whose it is. */
  private nameInhibitor(): void {
    const asked = this.whoInhibits();
    if (asked === undefined) return;
    this.mirror.ask({ ...asked.call, msMax: NAME_MS_MAX }, (error, list) => {
      if (isSilence(error)) this.mirror.hush();
      else asked.answered(error, list);
    });
  }

  /** The question, while there is something to ask (G3). */
  private whoInhibits(): ReturnType<NonNullable<MirrorDeps['question']>> {
    const { inhibited } = this;
    if (inhibited === NEVER_READ || namesIdle(inhibited) === false) return undefined;
    this.namedAtMs = this.deps.clock.now().monotonicMs;
    return {
      call: { path: PATH, iface: MANAGER, member: 'ListInhibitors' },
      answered: (error, list) => {
        // Asked again, or over; of silence the mirror hears.
        if (inhibited !== this.inhibited || isSilence(error)) return;
        const value = unknownValue('logind does not list its inhibitors');
        this.tellInhibitor(error === undefined ? idleInhibited(list) : { value, source: SERVICE });
      },
    };
  }

  private tellInhibitor(told: ReturnType<typeof idleInhibited>): void {
    this.deps.tell([measurement('attention.inhibitor', told.source, told.value)]);
  }
}
