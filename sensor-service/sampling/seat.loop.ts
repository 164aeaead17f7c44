// Keeps what is known of the seat and the terminals, and says what it makes of presence: at each edge
// in the tick of the edge, and when an absence has lasted long enough to be believed.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { countedInput, type CountedInput } from '../reading/counted-input.js';
import type { Place, PresenceSignal } from '../reading/presence.js';
import {
  judgeInput,
  judgeSeat,
  judgeTerminals,
  shownSessions,
  type AwayAfter,
  type Judged,
  type SeatVerdict,
} from '../reading/seat.js';
import type { Session } from '../reading/session.js';

interface SeatDeps {
  readonly clock: Clock;
  readonly monotonicNs: () => bigint;
  readonly awayAfter: AwayAfter;
  /** Where the input devices lie: they are named as the source where nobody knows of sessions. */
  readonly devices: string;
  readonly sense: (signal: PresenceSignal, observedMonotonicNs: bigint) => void;
}

const COUNTED = 'what input devices say is counted with the sessions';

export class SeatLoop implements Closeable {
  private sessions: ReadonlyMap<string, Session> | undefined;
  /** Why sessions are not known; undefined before anybody was asked. */
  private blindBecause: string | undefined;
  private desktopInput: CountedInput;
  private deviceInput: CountedInput;
  private saverIsOn = false;
  private screenOffAtMs: number | undefined;
  private lastSignAtMs: number | undefined;
  private closedAtMs: number | undefined;
  /** Where instants lie on the wall clock, as it ran when they were first told. */
  private readonly toldAs = new Map<
    string,
    { readonly monotonicMs: number; readonly wallMs: number }
  >();
  private readonly watchedFromMs: number;
  private cancelTimer: CancelTimer = () => undefined;

  constructor(private readonly deps: SeatDeps) {
    this.watchedFromMs = this.nowMs();
  }

  knowSessions(sessions: ReadonlyMap<string, Session>): void {
    const before = this.sessions;
    this.sessions = sessions;
    this.blindBecause = undefined;
    if (before !== undefined) {
      if (hasSign(before, sessions)) this.lastSignAtMs = this.nowMs();
      if (terminalCount(sessions) < terminalCount(before)) this.closedAtMs = this.nowMs();
    }
    this.judge();
  }

  loseSessions(why: string): void {
    this.sessions = undefined;
    this.blindBecause = why;
    this.judge();
  }

  /** @param input what the desktop counts of keys and pointer; undefined when it does not, or no more. */
  knowInput(input: CountedInput): void {
    const before = this.input;
    this.desktopInput = input;
    this.recount(before);
  }

  /** @param input the same of the devices themselves, looked at in every round. */
  knowDevices(input: SeatVerdict): void {
    if (isSame(this.deviceInput, input)) return;
    const before = this.input;
    this.deviceInput = input;
    this.recount(before);
  }

  knowSaver(isOn: boolean): void {
    if (this.saverIsOn && !isOn) this.lastSignAtMs = this.nowMs();
    this.saverIsOn = isOn;
    this.judge();
  }

  /** Something that seldom anybody else does than a person: wakes the machine, by its lid or a key. */
  sign(): void {
    this.lastSignAtMs = this.nowMs();
    this.judge();
  }

  close(): void {
    this.cancelTimer();
  }

  private get input(): CountedInput {
    return countedInput(this.desktopInput, this.deviceInput);
  }

  private get countedBy(): ReadonlySet<'devices' | 'desktop'> {
    const { desktopInput, deviceInput } = this;
    const devicesCount = deviceInput !== undefined && deviceInput.kind !== 'unknown';
    return new Set([
      ...(devicesCount ? (['devices'] as const) : []),
      ...(desktopInput === undefined ? [] : (['desktop'] as const)),
    ]);
  }

  private recount(before: CountedInput): void {
    const { input } = this;
    const isBack = before?.kind === 'away' && input?.kind === 'engaged';
    // Whoever counted last saw somebody: the time of that is not known better than now.
    const isLost = before?.kind === 'engaged' && input === undefined;
    if (isBack || isLost) this.lastSignAtMs = this.nowMs();
    this.judge();
  }

  private judge(): void {
    const seenNs = this.deps.monotonicNs();
    this.cancelTimer();
    const { sessions } = this;
    if (sessions === undefined) {
      this.judgeBlindly(seenNs);
      return;
    }
    const nowMs = this.nowMs();
    const all = [...sessions.values()];
    const { watchedFromMs, closedAtMs, lastSignAtMs, input, countedBy } = this;
    this.noteScreen(all, nowMs);
    const signs = { sessions: all, watchedFromMs, closedAtMs, lastSignAtMs, input, countedBy };
    const { screenOffAtMs } = this;
    const locked = isHidden(all);
    const seat = judgeSeat({ ...signs, screenOffAtMs, locked }, this.deps.awayAfter, nowMs);
    const terminals = judgeTerminals(signs, this.deps.awayAfter, nowMs);
    this.sense('logind (seat)', ['seat'], seat.verdict, seenNs);
    this.sense('logind (terminals)', ['terminals'], terminals.verdict, seenNs);
    if (this.deviceInput !== undefined) {
      const counted: SeatVerdict = { kind: 'unknown', why: COUNTED };
      this.sense(this.deps.devices, ['seat'], counted, seenNs);
    }
    this.armTimer([seat, terminals], nowMs);
  }

  /** No session is known: input devices speak for the seat by themselves. */
  private judgeBlindly(seenNs: bigint): void {
    const nowMs = this.nowMs();
    const { blindBecause, desktopInput, deviceInput } = this;
    if (deviceInput !== undefined) {
      const judged = judgeInput(deviceInput, this.deps.awayAfter, nowMs);
      this.sense(this.deps.devices, ['seat'], judged.verdict, seenNs);
      this.armTimer([judged], nowMs);
    }
    if (blindBecause === undefined) return;
    const blind: SeatVerdict = { kind: 'unknown', why: blindBecause };
    this.sense('logind (terminals)', ['terminals'], blind, seenNs);
    // Whoever touches something is there; who does not may be in a session that is not seen.
    const touched = desktopInput?.kind === 'engaged';
    this.sense('logind (seat)', ['seat'], touched ? desktopInput : blind, seenNs);
  }

  /** Remembers since when nothing is on the screen that somebody could look at. */
  private noteScreen(sessions: readonly Session[], nowMs: number): void {
    if (isHidden(sessions) || this.saverIsOn) this.screenOffAtMs ??= nowMs;
    else this.screenOffAtMs = undefined;
  }

  private sense(
    provider: string,
    places: readonly Place[],
    verdict: SeatVerdict,
    seenNs: bigint,
  ): void {
    const said = verdict.kind === 'away' ? this.onWallClock(provider, verdict) : verdict;
    this.deps.sense({ provider, rank: 'sensed', places, verdict: said }, seenNs);
  }

  /** The same absence is told with the same instant: whoever keeps it moves it when the clock jumps. */
  private onWallClock(
    provider: string,
    away: Extract<SeatVerdict, { kind: 'away' }>,
  ): PresenceSignal['verdict'] {
    const before = this.toldAs.get(provider);
    const monotonicMs = away.sinceMs;
    if (before?.monotonicMs === monotonicMs) return { ...away, sinceMs: before.wallMs };
    const now = this.deps.clock.now();
    const wallMs = Math.round(now.wallMs - now.monotonicMs + monotonicMs);
    this.toldAs.set(provider, { monotonicMs, wallMs });
    return { ...away, sinceMs: wallMs };
  }

  private armTimer(judged: readonly Judged[], nowMs: number): void {
    const due = judged.flatMap(({ againAtMs }) => againAtMs ?? []);
    if (due.length === 0) return;
    this.cancelTimer = this.deps.clock.after(Math.min(...due) - nowMs, () => {
      this.judge();
    });
  }

  private nowMs(): number {
    return this.deps.clock.now().monotonicMs;
  }
}

function isSame(a: CountedInput, b: SeatVerdict): boolean {
  if (a?.kind === 'away') return b.kind === 'away' && a.sinceMs === b.sinceMs;
  if (a?.kind === 'unknown') return b.kind === 'unknown' && a.why === b.why;
  return a?.kind === b.kind;
}

/** Whether every screen is locked, or shows the login. */
function isHidden(sessions: readonly Session[]): boolean {
  const shown = shownSessions({ sessions });
  return shown.length > 0 && shown.every(({ locked, greeter }) => locked || greeter);
}

/** Whether somebody did something between the two: woke a session, unlocked, chose, opened or left one. */
function hasSign(
  before: ReadonlyMap<string, Session>,
  after: ReadonlyMap<string, Session>,
): boolean {
  for (const [path, session] of after) {
    if (session.kind !== 'graphical' || !session.active) continue;
    const past = before.get(path);
    if (past?.active !== true) return true;
    if (past.idle === true && session.idle === false) return true;
    if (past.locked && !session.locked) return true;
  }
  for (const [path, { kind, active }] of before) {
    if (kind === 'graphical' && active && after.get(path)?.active !== true) return true;
  }
  return false;
}

function terminalCount(sessions: ReadonlyMap<string, Session>): number {
  return [...sessions.values()].filter(({ kind }) => kind === 'terminal').length;
}
